"""A connection to an endpoint's engine itself, for who may read its key: its owner."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from modelops.client.messages import blocks
from modelops.errors import Unavailable
from modelops_server.endpoints.endpoint import Endpoint
from modelops_server.endpoints.refusals import broken_off, engine_gone, not_ready
from modelops_server.endpoints.sockets import CONNECT, engine_api

_NO_KEEPING = httpx.Limits(max_keepalive_connections=0)
"""Every connection is one request: an engine may end one that waits for the next just when it comes, and one that is
replaced ends when there are none."""


def engine_client(endpoint: Endpoint, timeout: float = 600.0) -> httpx.AsyncClient:
    """A client whose base is the engine's ``/v1``, which may be silent for ``timeout`` seconds.

    Raises ``Conflict`` or ``Unavailable`` where no engine runs.
    """
    socket, api = _reach(endpoint)
    transport = httpx.AsyncHTTPTransport(uds=socket, limits=_NO_KEEPING)
    return httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(timeout, connect=CONNECT), **api)


class DirectChat:
    """Chats with an endpoint's engine, for one thread that waits for each piece."""

    def __init__(self, endpoint: Endpoint, timeout: float = 600.0) -> None:
        self._endpoint = endpoint
        self._timeout = httpx.Timeout(timeout, connect=CONNECT)

    def stream(self, messages: Sequence[Mapping[str, Any]], **options: Any) -> Iterator[str]:
        """The answer piece by piece; breaking off the iteration frees the engine.

        Raises ``Conflict`` or ``Unavailable`` where no engine runs, where it ends meanwhile, and with what it says.
        """
        socket, api = _reach(self._endpoint)
        body = {**options, "model": self._endpoint.name, "messages": list(messages), "stream": True}
        transport = httpx.HTTPTransport(uds=socket, limits=_NO_KEEPING)
        try:
            with (
                httpx.Client(transport=transport, timeout=self._timeout, **api) as client,
                client.stream("POST", "chat/completions", json=body) as answer,
            ):
                if not answer.is_success:
                    raise _refused(answer.read())
                yield from _pieces(answer.iter_lines())
        except httpx.ConnectError as error:
            raise engine_gone(self._endpoint.name) from error
        except httpx.TransportError as error:
            raise broken_off() from error


def _reach(endpoint: Endpoint) -> tuple[str, dict[str, Any]]:
    """The engine's socket, and what a client needs beside it."""
    if not endpoint.ready or endpoint.status.socket is None:
        raise not_ready(endpoint)
    try:
        return endpoint.status.socket, engine_api(Path(endpoint.status.socket))
    except OSError as error:
        raise engine_gone(endpoint.name) from error


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    finished = False
    for block in blocks(lines):
        if block.data == "[DONE]":
            break
        chunk = json.loads(block.data)
        if "error" in chunk:
            raise _refused(block.data)
        for choice in chunk.get("choices") or []:
            finished = finished or bool(choice.get("finish_reason"))
            if isinstance(content := choice["delta"].get("content"), str):
                yield content
    if not finished:
        raise broken_off()


def _refused(said: str | bytes) -> Unavailable:
    """What an engine says of a request that it does not answer."""
    try:
        problem = json.loads(said)["error"]
        return Unavailable(str(problem.get("code") or problem.get("type")), str(problem["message"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Unavailable("engine_unavailable", "The engine does not answer.", "Look at its log.")
