"""Reads an assignment, loads the model, and serves it until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from modelops.errors import ModelOpsError
from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.engines.threads import ROUNDS, SPIN_COUNT

if TYPE_CHECKING:
    from modelops_server.endpoints.engines.transformers.decoding import Decoder
    from modelops_server.endpoints.engines.transformers.encoding import Encoding

_log = logging.getLogger("modelops.engine")


def main() -> None:
    """Serve; ends with status 0 on SIGTERM, and with 1 and a last line ``error: …`` on whatever else goes wrong."""
    signal.signal(signal.SIGTERM, lambda *_: _leave(0))
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        assignment = Assignment.read(sys.stdin.buffer)
        serve(assignment)
    except ModelOpsError as error:
        _fail(f"{error.message} {error.hint}")
    except KeyboardInterrupt:
        _leave(130)
    except Exception as error:  # noqa: BLE001 - the last line says what it was
        _log.exception("unexpected")
        _fail(f"{type(error).__name__}: {error}")


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
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_unix_socket
    from tornado.web import Application

    from modelops_server.endpoints.engines.transformers.base import MOST_BYTES, Service
    from modelops_server.endpoints.engines.transformers.handlers import routes

    application = Application(routes(Service(worker, assignment.key)), log_function=_log_request)
    # A body that is too large for us is still read, so that its sender gets an answer; one far too large is not.
    server = HTTPServer(application, max_body_size=8 * MOST_BYTES, max_buffer_size=8 * MOST_BYTES)
    server.add_socket(bind_unix_socket(assignment.socket, mode=0o600))
    await asyncio.Event().wait()


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
        _fail(f"The model has failed: {type(error).__name__}: {error}")


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


def _log_request(handler: Any) -> None:
    if handler.request.path != "/health":
        _log.info(
            "%s %s: %d in %.2f s",
            *(handler.request.method, handler.request.path, handler.get_status(), handler.request.request_time()),
        )


def _fail(message: str) -> NoReturn:
    print("error:", " ".join(message.split())[:500], file=sys.stderr)  # noqa: T201 - it is what is read of us
    _leave(1)


def _leave(status: int) -> NoReturn:
    # At once: threads that compute would be waited for, or crash an interpreter that ends beneath them.
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
