"""The connection to an engine that every request goes through: its API, its key, and answers as they come.

A token a few times every ten milliseconds leaves an engine while it computes on all cores: what is spent on handing it
on is taken from the engine. aiohttp, whose parser is compiled, spends a fifth of what httpx does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops_server.endpoints.endpoint import Endpoint
from modelops_server.endpoints.refusals import broken_off, engine_gone
from modelops_server.endpoints.sockets import CONNECT, engine_api

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession


class Response:
    """What an engine answers: status, media type, and the content as it comes."""

    def __init__(self, response: ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.media = response.headers.get("Content-Type", "application/json")

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content, as it comes; raises ``Unavailable`` (``engine_unavailable``) when the engine ends on the way."""
        from aiohttp import ClientError

        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except (ClientError, TimeoutError) as error:
            raise broken_off() from error


class Engine:
    """An engine at one socket; one that takes its place is another."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Raises ``Unavailable`` where it is gone; ``timeout``: seconds that it may be silent."""
        self._endpoint = endpoint
        self._timeout = timeout
        self.socket = endpoint.status.socket or ""
        try:
            self._api = engine_api(Path(self.socket))
        except OSError as error:
            raise engine_gone(endpoint) from error
        self._session: ClientSession | None = None

    @asynccontextmanager
    async def asked(self, path: str, body: dict[str, Any]) -> AsyncIterator[Response]:
        """The answer to ``POST path``; leaving early ends the connection, and with it the engine's work.

        Raises ``Unavailable`` (``engine_unavailable``) where it does not answer.
        """
        from aiohttp import ClientError

        try:
            response = await self._opened().post(f"{self._api['base_url']}{path}", json=body)
        except (ClientError, TimeoutError) as error:
            raise engine_gone(self._endpoint) from error
        try:
            yield Response(response)
        finally:
            response.close()

    async def close(self) -> None:
        """End the connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> ClientSession:
        from aiohttp import ClientSession, ClientTimeout, UnixConnector

        if self._session is None:
            self._session = ClientSession(
                # Every connection is one request: an engine may end one that waits for the next just when it comes.
                connector=UnixConnector(self.socket, force_close=True, limit=0),
                headers=self._api["headers"],
                timeout=ClientTimeout(total=None, sock_connect=CONNECT, sock_read=self._timeout),
                auto_decompress=False,
            )
        return self._session
