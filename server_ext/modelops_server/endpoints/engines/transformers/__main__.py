"""Reads an assignment, loads the model, and serves it until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.engines.process import fail, listen, run
from modelops_server.endpoints.engines.threads import ROUNDS, SPIN_COUNT

if TYPE_CHECKING:
    from modelops_server.endpoints.engines.transformers.decoding import Decoder
    from modelops_server.endpoints.engines.transformers.encoding import Encoding

_log = logging.getLogger("modelops.engine")


def serve(assignment: Assignment) -> None:
    """Load the model, then listen."""
    loaded: Future[Decoder | Encoding] = Future()
    threading.Thread(target=_compute, args=(assignment, loaded), name="model", daemon=True).start()
    worker = loaded.result()
    served = worker.model
    _log.info(
        "serving %s on %s in %s: %d tokens of context, %d at once",
        *(", ".join(served.names), served.device, served.base.dtype, served.context, worker.parallel),
    )
    asyncio.run(_listen(worker, assignment))


async def _listen(worker: Decoder | Encoding, assignment: Assignment) -> None:
    from tornado.web import Application

    from modelops_server.endpoints.engines.transformers.base import MOST_BYTES, Service
    from modelops_server.endpoints.engines.transformers.handlers import routes

    # A body that is too large for us is still read, so that its sender gets an answer; one far too large is not.
    await listen(Application(routes(Service(worker, assignment.key))), assignment.socket, 8 * MOST_BYTES)


def _compute(assignment: Assignment, loaded: Future[Decoder | Encoding]) -> None:
    # This thread alone computes, loading included: each thread that does gets helpers of its own from OpenMP, and with
    # more helpers than cores all of them sleep between operations instead of waiting (30 tokens/s in place of 44).
    try:
        loaded.set_result(_load(assignment))
    except BaseException as error:  # noqa: BLE001 - who waits for it raises it
        loaded.set_exception(error)
        return
    try:
        loaded.result().run()
    except BaseException as error:  # noqa: BLE001 - without this thread the process is of no use
        _log.exception("the model has failed")
        fail(f"The model has failed: {type(error).__name__}: {error}")


def _load(assignment: Assignment) -> Decoder | Encoding:
    from modelops.models import is_embedder
    from modelops.models.loading import import_transformers, quiet

    os.environ[SPIN_COUNT] = ROUNDS
    transformers = import_transformers()
    import torch

    from modelops_server.endpoints.engines.transformers.decoding import Decoder
    from modelops_server.endpoints.engines.transformers.encoder import Encoder
    from modelops_server.endpoints.engines.transformers.encoding import Encoding
    from modelops_server.endpoints.engines.transformers.served import Served

    torch.set_num_threads(assignment.threads)
    with quiet(transformers):
        if is_embedder(Path(assignment.model)):
            return Encoding(Encoder(assignment), assignment.parallel)
        return Decoder(Served(assignment), assignment.parallel)


if __name__ == "__main__":
    run(serve)
