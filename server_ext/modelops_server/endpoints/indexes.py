"""Asks an index: by the endpoint that serves this version of it, which is started where there is none."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from http import HTTPStatus
from typing import Any

from modelops.errors import Conflict, InvalidInput, ModelOpsError, NotFound, Unavailable
from modelops.paths import StateHome
from modelops.registry import Artifact, Registry
from modelops_server.endpoints.endpoint import Endpoint, endpoints, find
from modelops_server.endpoints.gateway import Gateway
from modelops_server.endpoints.manager import start
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.planning import plan
from modelops_server.endpoints.spec import Options

IDLE_MINUTES = 15.0
"""Minutes without a question after which an endpoint stops that was started by itself."""
_GLANCE = 0.1
_LONGEST_NAME = 96

Told = Callable[[str], None]
"""Hears what is waited for."""


class Indexes:
    """The indexes of a state home; for use on the event loop alone."""

    def __init__(self, home: StateHome, gateway: Gateway) -> None:
        self.gateway = gateway
        self._home = home
        self._serving: dict[str, str] = {}
        """By the digest of an index, the name of the endpoint that served it last."""
        self._starts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def find(self, ref: str) -> Artifact:
        """The index that ``ref`` names; raises ``NotFound``, and ``InvalidInput`` (``not_an_index``)."""
        index = await asyncio.to_thread(_get, self._home, ref)
        if index.kind != "index":
            raise InvalidInput("not_an_index", f"{index.ref} is of kind {index.kind}.", "Choose an index.")
        return index

    async def search(
        self, index: Artifact, question: str, settings: Mapping[str, Any], told: Told = lambda _: None
    ) -> list[dict[str, Any]]:
        """The hits for a question as JSON, best first; raises as :meth:`asked` does."""
        found = await self.asked(index, "search", {"question": question, "settings": dict(settings)}, told=told)
        hits: list[dict[str, Any]] = found["hits"]
        return hits

    async def asked(
        self,
        index: Artifact,
        path: str,
        body: dict[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        told: Told = lambda _: None,
    ) -> dict[str, Any]:
        """What the endpoint that serves an index answers; it is waited for.

        Raises what it says is wrong, ``Conflict`` where it cannot be started, ``TooManyRequests``, and ``Unavailable``
        (``engine_unavailable``, ``out_of_memory``).
        """
        name = await self._served(index, told)
        async with self.gateway.searched(name, path, body, query) as reply:
            content = await reply.whole()
            if reply.status != HTTPStatus.OK:
                raise _said(reply.status, content)
            answer: dict[str, Any] = json.loads(content)
            return answer

    async def _served(self, index: Artifact, told: Told) -> str:
        """The name of an endpoint that serves an index and is ready."""
        endpoint = await self._known(index) or await self._started(index)
        while not endpoint.ready:
            if endpoint.state.ended:
                raise _failed(endpoint)
            told(endpoint.status.text or endpoint.state.value)
            await asyncio.sleep(_GLANCE)
            endpoint = await asyncio.to_thread(find, self._home, endpoint.name)
        self._serving[index.digest] = endpoint.name
        return endpoint.name

    async def _started(self, index: Artifact) -> Endpoint:
        """A new endpoint for an index, or the one that another request has started while this one waited for that."""
        async with self._starts[index.digest]:
            known = await self._known(index)
            return known if known is not None else await asyncio.to_thread(_begin, self._home, index)

    async def _known(self, index: Artifact) -> Endpoint | None:
        """The endpoint that serves an index, or will."""
        name = self._serving.get(index.digest)
        if name is not None and (known := await self.gateway.endpoint(name)) is not None and _serves(known, index):
            return known
        return await asyncio.to_thread(_running, self._home, index)


def _get(home: StateHome, ref: str) -> Artifact:
    registry = Registry(home)
    with closing(registry.database.conn):
        return registry.get(ref)


def _serves(endpoint: Endpoint, index: Artifact) -> bool:
    return not endpoint.state.ended and endpoint.spec.model.digest == index.digest


def _running(home: StateHome, index: Artifact) -> Endpoint | None:
    running = [one for one in endpoints(home) if _serves(one, index)]
    return next((one for one in running if one.ready), next(iter(running), None))


def _begin(home: StateHome, index: Artifact) -> Endpoint:
    """Start an endpoint for an index, or find the one that another server has started meanwhile."""
    planned = plan(home, index.ref, name=_free_name(home, index), options=Options(idle_minutes=IDLE_MINUTES))
    try:
        return start(home, planned)
    except Conflict as error:
        if error.code == "endpoint_exists" and (other := _running(home, index)) is not None:
            return other
        raise


def _free_name(home: StateHome, index: Artifact) -> str:
    """A name that no endpoint of something else has, whether it runs or not."""
    mark = f"-v{index.version}"
    name = index.name[: _LONGEST_NAME - len(mark)] + mark
    try:
        taken = Place.of(home, name).spec().model.digest != index.digest
    except (FileNotFoundError, ValueError):
        return name
    mark += f"-{index.digest[:8]}"
    return index.name[: _LONGEST_NAME - len(mark)] + mark if taken else name


def _failed(endpoint: Endpoint) -> ModelOpsError:
    """Why an endpoint did not come up."""
    reason = endpoint.reason
    if reason is None:
        return Conflict("endpoint_not_running", f"The endpoint {endpoint.name!r} was stopped.", "Ask again.")
    return Conflict(reason.code, reason.detail, reason.hint)


def _said(status: int, content: bytes) -> ModelOpsError:
    """What the engine says is wrong."""
    try:
        said = json.loads(content)
        code, detail, hint = str(said["code"]), str(said["detail"]), str(said.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        return Unavailable("engine_unavailable", "The search failed.", "The endpoint's log says more.")
    kinds = {HTTPStatus.NOT_FOUND: NotFound, HTTPStatus.UNPROCESSABLE_ENTITY: InvalidInput}
    return kinds.get(HTTPStatus(status), Unavailable)(code, detail, hint)
