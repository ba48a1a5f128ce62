"""The tiny model as an artifact to be served, and an endpoint that serves it, for the rooms that need one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelops import Client
from modelops.client import Endpoint as ServedEndpoint
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Registry
from modelops_server import endpoints
from modelops_server.endpoints import Endpoint, Options
from modelops_server.endpoints.sockets import engine_api


def register_gguf(home: StateHome, gguf: Path, name: str = "tiny", **metadata: Any) -> Artifact:
    """Register a GGUF file as a model."""
    folder = home.root.parent / f"to-register-{name}"
    folder.mkdir(parents=True)
    shutil.copy(gguf, folder / "tiny.gguf")
    facts = {"parameter_count": 100_000, "context_length": 512, "quantization": "F32", **metadata}
    return Registry(home).register(folder, name=name, kind="model", metadata=facts, build=Build("import", {}, ()))


SMALL: dict[str, Any] = {"context": 256, "parallel": 2, "threads": 1, "parity": "off"}
"""How the tiny model is served where nothing else matters."""


@contextmanager
def serving(client: Client, name: str, **options: Any) -> Iterator[ServedEndpoint]:
    """An endpoint of a registered model that a running server serves, until the end."""
    started = client.endpoints.start(name, **{**SMALL, **options})
    yield started
    started.remove()


class EndpointBench:
    """Starts endpoints of one state home and ends them all with the test."""

    def __init__(self, home: StateHome, gguf: Path) -> None:
        self.home = home
        self.gguf = gguf

    def start(self, ref: str = "tiny", *, wait: bool = True, **options: Any) -> Endpoint:
        """Start one, of ``name``, ``engine``, ``adapters`` and the fields of ``Options``; the tiny model is there."""
        asked = {key: options.pop(key) for key in ("name", "engine", "adapters") if key in options}
        if not Registry(self.home).list(name="tiny"):
            register_gguf(self.home, self.gguf)
        chosen = Options(**{**SMALL, **options})
        started = endpoints.start(self.home, endpoints.plan(self.home, ref, options=chosen, **asked))
        return self.settled(started.name) if wait else started

    def settled(self, name: str) -> Endpoint:
        """The endpoint once it is ready or has ended."""
        return endpoints.wait_until_settled(self.home, name)

    def close(self) -> None:
        """Remove all endpoints."""
        for endpoint in endpoints.endpoints(self.home):
            endpoints.remove(self.home, endpoint.name)


@pytest.fixture
def served(home: StateHome, tiny_gguf: Path) -> Iterator[EndpointBench]:
    """A bench that serves the tiny model in a fresh state home."""
    bench = EndpointBench(home, tiny_gguf)
    yield bench
    bench.close()


@pytest.fixture
def ask() -> Callable[..., httpx.Response]:
    """Asks an endpoint's engine for a chat, as the gateway does."""

    def send(endpoint: Endpoint, text: str = "hi", **more: Any) -> httpx.Response:
        socket = endpoint.status.socket or ""
        transport, api = httpx.HTTPTransport(uds=socket), engine_api(Path(socket))
        with httpx.Client(transport=transport, timeout=60, **api) as client:
            asked = {"messages": [{"role": "user", "content": text}], "max_tokens": 8, "ignore_eos": True, **more}
            return client.post("chat/completions", json=asked)

    return send
