"""Reads an assignment, opens the index, and answers until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.engines.process import listen, run
from modelops_server.endpoints.engines.threads import ROUNDS, SPIN_COUNT

if TYPE_CHECKING:
    from modelops_server.endpoints.engines.retrieval.handlers import Service
    from modelops_server.endpoints.engines.retrieval.served import ServedIndex

_log = logging.getLogger("modelops.engine")


def serve(assignment: Assignment) -> None:
    """Open the index, then listen."""
    from modelops_server.endpoints.engines.retrieval.handlers import Service

    # This thread alone computes, loading included: each that does gets helpers of its own from OpenMP.
    thread = ThreadPoolExecutor(1, "search")
    index = thread.submit(_open, assignment).result()
    _log.info("serving %s: %s", assignment.name, index.sentence)
    asyncio.run(_listen(Service(index, thread, assignment.key), assignment.socket))


def _open(assignment: Assignment) -> ServedIndex:
    os.environ[SPIN_COUNT] = ROUNDS
    import torch

    from modelops_server.endpoints.engines.retrieval.served import ServedIndex

    torch.set_num_threads(assignment.threads)
    return ServedIndex(assignment)


async def _listen(service: Service, socket: str) -> None:
    from tornado.web import Application

    from modelops_server.endpoints.engines.retrieval.handlers import MOST_BYTES, routes

    await listen(Application(routes(service)), socket, MOST_BYTES)


if __name__ == "__main__":
    run(serve)
