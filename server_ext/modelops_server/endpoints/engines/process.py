"""What our own engine processes share: how they begin, listen, and end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from modelops.errors import ModelOpsError
from modelops_server.endpoints.engines.assignment import Assignment

if TYPE_CHECKING:
    from tornado.web import Application

_log = logging.getLogger("modelops.engine")


def run(serve: Callable[[Assignment], None]) -> None:
    """Serve; ends with status 0 on SIGTERM, and with 1 and a last line ``error: …`` on whatever else goes wrong."""
    signal.signal(signal.SIGTERM, lambda *_: leave(0))
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        serve(Assignment.read(sys.stdin.buffer))
    except ModelOpsError as error:
        fail(f"{error.message} {error.hint}")
    except KeyboardInterrupt:
        leave(130)
    except Exception as error:  # noqa: BLE001 - the last line says what it was
        _log.exception("unexpected")
        fail(f"{type(error).__name__}: {error}")


async def listen(application: Application, socket: str, most_bytes: int) -> None:
    """Answer on a Unix socket for ever; bodies of more than ``most_bytes`` are cut off."""
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_unix_socket

    application.settings["log_function"] = _log_request
    server = HTTPServer(application, max_body_size=most_bytes, max_buffer_size=most_bytes)
    server.add_socket(bind_unix_socket(socket, mode=0o600))
    await asyncio.Event().wait()


def fail(message: str) -> NoReturn:
    """End, for a reason that the keeper shows."""
    print("error:", " ".join(message.split())[:500], file=sys.stderr)  # noqa: T201 - it is what is read of us
    leave(1)


def leave(status: int) -> NoReturn:
    """End at once: threads that compute would be waited for, or crash an interpreter that ends beneath them."""
    sys.stderr.flush()
    os._exit(status)


def _log_request(handler: Any) -> None:
    if handler.request.path != "/health":
        _log.info(
            "%s %s: %d in %.2f s",
            *(handler.request.method, handler.request.path, handler.get_status(), handler.request.request_time()),
        )
