"""The connection to an engine that every request goes through: its API, its key, and answers as they come.

An engine writes a token every few milliseconds and computes on all cores meanwhile: what is spent on handing it on is
taken from the engine. With aiohttp, whose parser is compiled, that is about half of what it is with httpx.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops_server.endpoints.refusals import broken_off, engine_gone
from modelops_server.endpoints.sockets import CONNECT

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession


@dataclass(frozen=True)
class Address:
    """Where an engine's API is, and what a request must carry; with a Unix socket, the URL's host means nothing."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    socket: Path | None = None


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


class Connection:
    """The way to an engine at one place; to one elsewhere there is another."""

    def __init__(self, name: str, place: str, address: Address, timeout: float) -> None:
        """``timeout``: seconds that it may be silent."""
        self._name = name
        self._address = address
        self._timeout = timeout
        self._session: ClientSession | None = None
        self._answering = 0
        self._left = False
        self.place = place

    @asynccontextmanager
    async def asked(
        self, path: str, body: dict[str, Any] | None, query: Mapping[str, str] | None = None
    ) -> AsyncIterator[Response]:
        """The answer to ``POST path``, or without a body to ``GET path``.

        Leaving early ends the connection, and with it the engine's work.

        Raises ``Unavailable`` (``engine_unavailable``) where it does not answer.
        """
        self._answering += 1
        try:
            response = await self._send(path, body, query)
            try:
                yield Response(response)
            finally:
                response.close()
        finally:
            self._answering -= 1
            if self._left and not self._answering:
                await self.close()

    async def leave(self) -> None:
        """Nothing more is asked: close it when everything is answered, which may be at once."""
        self._left = True
        if not self._answering:
            await self.close()

    async def close(self) -> None:
        """End what is being answered, too."""
        if self._session is not None:
            await self._session.close()

    async def _send(self, path: str, body: dict[str, Any] | None, query: Mapping[str, str] | None) -> ClientResponse:
        from aiohttp import ClientError

        method = "GET" if body is None else "POST"
        try:
            return await self._opened().request(
                method, f"{self._address.url}{path}", json=body, params=query, allow_redirects=False
            )
        except (ClientError, TimeoutError) as error:
            raise engine_gone(self._name) from error

    def _opened(self) -> ClientSession:
        from aiohttp import ClientSession, ClientTimeout, TCPConnector, UnixConnector

        if self._session is None:
            socket = self._address.socket
            self._session = ClientSession(
                # Every connection to an engine here is one request: it may end one that waits just when it comes.
                connector=UnixConnector(str(socket), force_close=True, limit=0) if socket else TCPConnector(limit=0),
                headers=self._address.headers,
                timeout=ClientTimeout(total=None, sock_connect=CONNECT, sock_read=self._timeout),
                auto_decompress=socket is None,
            )
        return self._session
