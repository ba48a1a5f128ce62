"""A kernel whose reader is slower than its cells."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import zmq

from modelops_server.jobs.running.kernels import Kernel

_FLOOD = """
for number in range(300):
    print(number, 'x' * 1_000_000)
print('kernel', open('/proc/self/status').read().split('VmHWM:')[1].split()[0])
"""


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[tuple[Kernel, Any]]:
    """A kernel and its client."""
    kernel = Kernel("python3", dict(os.environ), folder, bound=False)
    try:
        yield kernel, await kernel.start(60)
    finally:
        await kernel.shutdown(gracefully=False)


async def printed(client: Any, request: str) -> str:
    """What a request printed, without the padding."""
    pieces = []
    while True:
        message = await client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["msg_type"] == "stream":
            pieces.append(message["content"]["text"].replace("x", ""))
        if message["content"].get("execution_state") == "idle":
            return "".join(pieces)


def test_nothing_is_lost_and_no_memory_filled_when_a_cell_prints_faster_than_is_read(tmp_path: Path) -> None:
    async def run() -> None:
        async with started(tmp_path) as (_, client):
            assert client.iopub_channel.socket.getsockopt(zmq.RCVHWM) < 10
            request = client.execute(_FLOOD)
            await asyncio.sleep(2)

            *numbers, name, peak = (await printed(client, request)).split()

            assert numbers == [str(number) for number in range(300)]
            assert name == "kernel"
            assert int(peak) < 200_000  # kB

    asyncio.run(run())


def test_a_cell_that_waits_for_its_reader_can_be_interrupted(tmp_path: Path) -> None:
    async def run() -> None:
        async with started(tmp_path) as (kernel, client):
            request = client.execute("while True:\n    print('x' * 1_000_000)")
            await asyncio.sleep(1)
            await kernel.interrupt()
            await printed(client, request)

            assert await client.get_shell_msg(timeout=10)
            assert await printed(client, client.execute("print('and on')")) == "and on\n"

    asyncio.run(run())
