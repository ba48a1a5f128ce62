"""A request that waits for its answer in one thread, broken off by another."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from typing import Any

_MADE = (".connect_tcp.complete", ".start_tls.complete")
"""The steps of httpcore after which there is a socket, or another one in its place."""


class Breaker:
    """Breaks off what it traces; it must be a request that makes a connection of its own."""

    def __init__(self) -> None:
        self.broken = False
        self._socket: socket.socket | None = None

    def trace(self, step: str, facts: Mapping[str, Any]) -> None:
        """What httpx calls at each step of a request that has this as its extension ``trace``."""
        if step.endswith(_MADE):
            self._socket = facts["return_value"].get_extra_info("socket")
            if self.broken:
                self._shut()

    def break_off(self) -> None:
        """Shut the connection down: the thread that reads from it finds its end, and so does the server."""
        self.broken = True
        self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it may have ended by itself
                # Not the method of a TLS socket, which would take its state from under the thread that reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
