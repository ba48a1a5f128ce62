"""Stopping an execution from outside of its event loop: the first reason wins."""

from __future__ import annotations

import asyncio
import threading

from modelops_server.jobs.states import AttemptEnded


class Control:
    """Carries the wish to stop from any thread, or from a signal handler, to the engine."""

    def __init__(self) -> None:
        # Re-entrant: a signal handler may run while this thread is inside.
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self.ended: AttemptEnded | None = None
        self.at_once = False

    def stop(self, ended: AttemptEnded, *, at_once: bool = False) -> None:
        """End the execution as ``ended`` says: by an interrupt first, or by a kill ``at_once``."""
        with self._lock:
            self.ended = self.ended or ended
            self.at_once = self.at_once or at_once
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._event.set)

    def attach(self) -> None:
        """Belong to the running event loop from now on."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            if self.ended is not None:
                self._event.set()

    async def wait(self) -> None:
        """Return when somebody wants the execution to stop."""
        await self._event.wait()
