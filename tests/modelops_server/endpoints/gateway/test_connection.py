"""The connection to an engine ends when another takes its place, and not before its last answer does."""

from __future__ import annotations

import asyncio

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from modelops_server.endpoints.gateway.connection import Address, Connection


class Slow(RequestHandler):
    """Begins an answer, and ends it when it may."""

    may_end = asyncio.Event()

    async def post(self) -> None:
        self.write("first ")
        await self.flush()
        await self.may_end.wait()
        self.finish("last")


@pytest.mark.asyncio
async def test_what_is_being_answered_is_answered_to_its_end() -> None:
    socket, port = bind_unused_port()
    server = HTTPServer(Application([("/chats", Slow)]))
    server.add_socket(socket)
    Slow.may_end = asyncio.Event()
    connection = Connection("tiny", "here", Address(f"http://127.0.0.1:{port}/", {}), 10)

    async with connection.asked("chats", {}) as response:
        pieces = response.pieces()
        found = await anext(pieces)
        await connection.leave()
        Slow.may_end.set()
        found += b"".join([piece async for piece in pieces])
        open_until_then = connection._session is not None and not connection._session.closed
    server.stop()

    assert found == b"first last"
    assert open_until_then
    assert connection._session is not None
    assert connection._session.closed
