"""What the name of a model means: an endpoint of this machine, with or without an adapter, or a remote server."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from modelops_server.endpoints.endpoint import Endpoint
from modelops_server.endpoints.engines import load_engine
from modelops_server.endpoints.gateway.connection import Address
from modelops_server.endpoints.refusals import engine_gone
from modelops_server.endpoints.sockets import engine_api


class Target(Protocol):
    """What answers requests that name a model."""

    @property
    def name(self) -> str:
        """What turns and traffic are counted by."""

    @property
    def parallel(self) -> int:
        """Requests that it answers at the same time."""

    @property
    def place(self) -> str:
        """Where it is now; what is elsewhere is another."""

    @property
    def gone(self) -> bool:
        """Whether nothing is there any more."""

    def address(self) -> Address:
        """Where it is asked, and with what; raises ``Unavailable`` (``engine_unavailable``) where it is gone."""

    def request(self, body: dict[str, Any]) -> dict[str, Any]:
        """A client's request as it takes it."""

    def touch(self) -> None:
        """Note that it is used."""

    def as_model(self, name: str) -> dict[str, Any]:
        """It as the OpenAI API lists models, under one of its names."""


@dataclass(frozen=True)
class Served:
    """An endpoint that is ready, and what of it is meant."""

    endpoint: Endpoint
    adapter: str | None

    @property
    def name(self) -> str:
        return self.endpoint.name

    @property
    def parallel(self) -> int:
        return self.endpoint.spec.options.parallel

    @property
    def place(self) -> str:
        return self.endpoint.status.socket or ""

    @property
    def gone(self) -> bool:
        return not (self.place and Path(self.place).exists())

    def address(self) -> Address:
        try:
            api = engine_api(Path(self.place))
        except OSError as error:
            raise engine_gone(self.name) from error
        headers: Mapping[str, str] = api["headers"]
        return Address(api["base_url"], headers, Path(self.place))

    def request(self, body: dict[str, Any]) -> dict[str, Any]:
        spec = self.endpoint.spec
        return load_engine(spec.engine).request(body, spec, self.adapter)

    def touch(self) -> None:
        with contextlib.suppress(OSError):
            self.endpoint.place.used.touch()

    def as_model(self, name: str) -> dict[str, Any]:
        spec = self.endpoint.spec
        artifact = spec.model_names[name]
        return {
            "id": name,
            "object": "model",
            "created": int(datetime.fromisoformat(spec.created).timestamp()),
            "owned_by": "modelops",
            "ref": artifact.ref,
            "digest": artifact.digest,
            "engine": spec.engine,
            "task": spec.task,
            "context_length": self.endpoint.status.context,
        }
