"""Finds the engine that a request means, waits for its turn there, and hands on what it answers.

A request names a model; where that is, only the endpoint's keeper says. There is no way to name a host or a port.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from modelops.errors import InvalidInput, NotFound, Unavailable
from modelops.paths import StateHome
from modelops_server.endpoints.endpoint import Endpoint, endpoints
from modelops_server.endpoints.gateway.connection import Connection, Response
from modelops_server.endpoints.gateway.known import Known
from modelops_server.endpoints.gateway.remotes import Misconfigured, Remote
from modelops_server.endpoints.gateway.target import Served, Target
from modelops_server.endpoints.gateway.traffic import Measured, Traffic
from modelops_server.endpoints.gateway.turns import Rates, Turns
from modelops_server.endpoints.refusals import not_ready, unknown_model

Api = Literal["chat/completions", "completions", "embeddings"]

_TOUCH = 5.0
"""Seconds between two notes that an endpoint is used."""


@dataclass(frozen=True)
class Limits:
    """What callers may ask of an endpoint."""

    waiting: int = 64
    """Requests that wait for their turn at one endpoint."""
    patience: float = 60.0
    """Seconds that a request waits for its turn."""
    timeout: float = 600.0
    """Seconds that an engine may be silent before a request is given up."""
    per_minute: int = 600
    """Requests that one caller may send in a minute; 0 means no limit."""


class Reply:
    """What an engine answers to a client, measured while it passes."""

    def __init__(self, response: Response, measured: Measured) -> None:
        self._response = response
        self._measured = measured
        self.status = response.status
        self.is_stream = response.media.startswith("text/event-stream")

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content, as it comes; raises ``Unavailable`` (``engine_unavailable``) when the engine ends on the way."""
        async for piece in self._response.pieces():
            self._measured.piece(piece, stream=self.is_stream)
            yield piece

    async def whole(self) -> bytes:
        """The content; raises as :meth:`pieces` does."""
        return b"".join([piece async for piece in self.pieces()])


class Gateway:
    """Forwards the requests of one server's clients; for use on the event loop alone."""

    def __init__(
        self,
        home: StateHome,
        limits: Limits | None = None,
        remotes: Mapping[str, Remote | Misconfigured] | None = None,
    ) -> None:
        self._home = home
        self._known = Known(home)
        self._limits = limits or Limits()
        self._remotes = {name: one for name, one in (remotes or {}).items() if isinstance(one, Remote)}
        self._misconfigured = {name: one for name, one in (remotes or {}).items() if isinstance(one, Misconfigured)}
        self._rates = Rates(self._limits.per_minute)
        self._turns: dict[str, Turns] = {}
        self._traffic: dict[str, Traffic] = {}
        self._connections: dict[str, Connection] = {}
        self._touched: dict[str, float] = {}

    async def names(self) -> dict[str, Target]:
        """What requests may name now, each with what it means."""
        found = await asyncio.to_thread(endpoints, self._home)
        ready = [endpoint for endpoint in found if endpoint.ready]
        served = {name: _served(endpoint, name) for endpoint in ready for name in endpoint.status.model_names}
        return {**{name: one for name, one in served.items() if name not in self._misconfigured}, **self._remotes}

    def check_configured(self, model: str) -> None:
        """Raise ``Unavailable`` (``invalid_remote``) for a remote model whose settings cannot hold."""
        if wrong := self._misconfigured.get(model):
            raise wrong.refusal()

    async def target(self, model: str) -> Target:
        """What ``model`` means; raises ``NotFound`` (``model_not_found``), and what says why it cannot be asked."""
        self.check_configured(model)
        if remote := self._remotes.get(model):
            return remote
        name = model.partition("/")[0]
        try:
            endpoint = await self._known.find(name)
        except (NotFound, InvalidInput) as error:
            raise unknown_model(model, list(await self.names())) from error
        if not endpoint.ready:
            raise not_ready(endpoint)
        if model not in endpoint.status.model_names:
            raise unknown_model(model, list(await self.names()))
        return _served(endpoint, model)

    async def indexes(self) -> dict[str, Endpoint]:
        """The endpoints that serve an index and are ready, by the index's reference."""
        found = await asyncio.to_thread(endpoints, self._home)
        return {one.spec.model.ref: one for one in found if one.ready and one.spec.task == "search"}

    async def endpoint(self, name: str) -> Endpoint | None:
        """The endpoint called ``name`` as it is now, if there is one."""
        with suppress(NotFound, Unavailable):
            return await self._known.find(name)
        return None

    async def _index(self, name: str) -> Target:
        endpoint = await self._known.find(name)
        if not endpoint.ready:
            raise not_ready(endpoint)
        return Served(endpoint, None)

    @asynccontextmanager
    async def forwarded(self, api: Api, body: dict[str, Any]) -> AsyncIterator[Reply]:
        """The engine's reply to a request, whose ``model`` says which engine; leaving early frees its slot at once.

        Raises what :meth:`target` raises, ``TooManyRequests``, and ``Unavailable`` (``engine_unavailable``).
        """
        model = str(body["model"])
        async with self._asked(lambda: self.target(model), lambda target: (api, target.request(body))) as reply:
            yield reply

    @asynccontextmanager
    async def searched(
        self, name: str, path: str, body: dict[str, Any] | None = None, query: Mapping[str, str] | None = None
    ) -> AsyncIterator[Reply]:
        """The reply of the endpoint called ``name``, which serves an index; raises as :meth:`forwarded` does."""
        async with self._asked(lambda: self._index(name), lambda _: (path, body), query) as reply:
            yield reply

    def count(self, caller: str) -> None:
        """Count a request; raises ``TooManyRequests`` where the caller has sent too many."""
        self._rates.take(caller)

    @asynccontextmanager
    async def _asked(
        self,
        find: Callable[[], Awaitable[Target]],
        request: Callable[[Target], tuple[str, dict[str, Any] | None]],
        query: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Reply]:
        target = await find()
        async with self._turns_of(target).taken(self._limits.patience):
            # It may have been started anew while the request waited.
            target = await find() if target.gone else target
            self._touch(target)
            connection = await self._connection(target)
            measured, failed = Measured(), True
            try:
                async with connection.asked(*request(target), query) as response:
                    yield Reply(response, measured)
                    failed = response.status >= HTTPStatus.BAD_REQUEST
            finally:
                self._touch(target)
                self.traffic(target.name).add(measured.passed(), failed=failed)

    def traffic(self, name: str) -> Traffic:
        """What has passed through an endpoint."""
        return self._traffic.setdefault(name, Traffic())

    def traffic_as_json(self, name: str) -> dict[str, Any]:
        """What has passed through an endpoint, and what is on its way."""
        turns = self._turns.get(name)
        return {
            "running": turns.running if turns else 0,
            "waiting": turns.waiting if turns else 0,
            **self.traffic(name).as_json(),
        }

    async def close(self) -> None:
        """End the connections to engines."""
        for connection in self._connections.values():
            await connection.close()

    def _turns_of(self, target: Target) -> Turns:
        # A few more than are answered at a time: the engine finds the next when it is done with one.
        running = target.parallel + max(1, target.parallel // 2)
        known = self._turns.get(target.name)
        if known is None or known.most_running != running:
            known = self._turns[target.name] = Turns(running, self._limits.waiting)
        return known

    async def _connection(self, target: Target) -> Connection:
        known = self._connections.get(target.name)
        if known is not None and known.place == target.place:
            return known
        made = Connection(target.name, target.place, target.address(), self._limits.timeout)
        self._connections[target.name] = made
        if known is not None:
            await known.leave()
        return made

    def _touch(self, target: Target) -> None:
        if time.monotonic() - self._touched.get(target.name, -_TOUCH) >= _TOUCH:
            self._touched[target.name] = time.monotonic()
            target.touch()


def _served(endpoint: Endpoint, model: str) -> Served:
    """What ``endpoint`` or ``endpoint/adapter`` means."""
    return Served(endpoint, model.partition("/")[2] or endpoint.spec.default_adapter)


def error_of(content: bytes) -> dict[str, Any]:
    """What an engine says is wrong, as OpenAI says it: ``message``, ``type``, ``param``, ``code``."""
    try:
        said = json.loads(content)["error"]
        message = str(said["message"])
    except (ValueError, KeyError, TypeError):
        return {"message": "The engine could not answer.", "type": "server_error", "param": None, "code": None}
    kind, code = said.get("type"), said.get("code")
    if kind == "exceed_context_size_error":  # llama.cpp's word for it
        kind, code = "invalid_request_error", "context_length_exceeded"
    return {
        "message": message,
        "type": str(kind or "invalid_request_error"),
        "param": said.get("param"),
        "code": code if isinstance(code, str) else None,
    }
