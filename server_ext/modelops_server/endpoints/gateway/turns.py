"""Whose turn it is: so many requests at an engine, so many waiting, so many a minute from one caller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modelops_server.endpoints.refusals import TooManyRequests

_MOST_CALLERS = 1000
"""Callers above which those are forgotten that have sent nothing lately."""


class Turns:
    """Lets ``running`` requests through at a time, first come, first served; at most ``waiting`` wait."""

    def __init__(self, running: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(running)
        self.most_running = running
        self._most_waiting = waiting
        self.running = 0
        self.waiting = 0

    @asynccontextmanager
    async def taken(self, patience: float) -> AsyncIterator[None]:
        """Hold a turn. Raises ``TooManyRequests`` where too many wait already, or after ``patience`` seconds."""
        if self._free.locked():
            await self._wait(patience)
        else:
            await self._free.acquire()  # at once: what comes in the same moment finds it taken
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._free.release()

    async def _wait(self, patience: float) -> None:
        if self.waiting >= self._most_waiting:
            raise _busy(f"{self.running} requests are answered and {self.waiting} wait already.", 1)
        self.waiting += 1
        try:
            await asyncio.wait_for(self._free.acquire(), patience)
        except TimeoutError:
            raise _busy(f"The request has waited {patience:g} seconds for its turn.", 5) from None
        finally:
            self.waiting -= 1


class Rates:
    """Token buckets: a caller may send ``per_minute`` requests a minute, and as many at once."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> None:
        """Count a request; raises ``TooManyRequests`` for one too many."""
        if not self._per_minute:
            return
        now, speed = time.monotonic(), self._per_minute / 60
        if len(self._left) >= _MOST_CALLERS:
            # Who has sent nothing for a minute may send as many as who never has.
            self._left = {known: found for known, found in self._left.items() if found[1] > now - 60}
        left, then = self._left.get(caller, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - then) * speed)
        if left < 1:
            raise TooManyRequests(
                "rate_limit_exceeded",
                f"{self._per_minute} requests a minute may be sent.",
                "Send fewer, or ask who runs the server to raise ModelOpsApp.requests_per_minute.",
                (1 - left) / speed,
            )
        self._left[caller] = (left - 1, now)


def _busy(message: str, retry_after: float) -> TooManyRequests:
    return TooManyRequests(
        "too_many_requests", message, "Ask again later, or start the endpoint with a larger --parallel.", retry_after
    )
