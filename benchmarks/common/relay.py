"""Hand bytes between a TCP port and a Unix socket, and nothing else: what Python's share of any API costs at least.

``python relay.py SOCKET`` prints the port that it listens on.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast


class Side(asyncio.Protocol):
    """One side; what comes in goes out at the other at once."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Side | None = None
        self._early = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what has come before."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._early)

    def data_received(self, data: bytes) -> None:
        """Hand it on."""
        if self.other:
            self.other.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Hang up on the other."""
        if self.other and self.other.transport:
            self.other.transport.close()

    def write(self, data: bytes) -> None:
        """Send it now, or as soon as there is a connection."""
        if self.transport:
            self.transport.write(data)
        else:
            self._early += data


async def relay(socket: str) -> None:
    """Until it is killed."""
    loop = asyncio.get_running_loop()
    opening: set[asyncio.Task[object]] = set()

    def taken() -> Side:
        client, engine = Side(), Side()
        client.other, engine.other = engine, client
        task: asyncio.Task[object] = loop.create_task(loop.create_unix_connection(lambda: engine, socket))
        opening.add(task)
        task.add_done_callback(opening.discard)
        return client

    server = await loop.create_server(taken, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(relay(sys.argv[1]))
