"""What passes through an endpoint: how many requests, how long they take, how many tokens a second."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from modelops_server.endpoints.percentiles import percentiles

RECENT = 1000
"""Requests that percentiles are made from."""
_WINDOW = 30.0
"""Seconds that tokens a second are counted over."""
_TAIL = 16_384
"""Bytes at the end of an answer in which its usage is looked for."""
_EVENT = b"data:"
_USAGE = re.compile(rb'"usage"\s*:\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})')


@dataclass(frozen=True)
class Passed:
    """A request that was answered."""

    first: float | None
    """Seconds until a stream begins; ``None`` for an answer that comes as a whole."""
    total: float
    """Seconds until its end."""
    tokens: int
    """Tokens that were written, as the engine says, or pieces of a stream where it does not."""


class Measured:
    """One answer on its way to the client; it is told each piece."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: float | None = None
        self._events = 0
        self._tail = b""

    def piece(self, content: bytes, *, stream: bool = False) -> None:
        """A piece of the answer has come."""
        if stream and self._first is None:
            self._first = time.monotonic()
        self._events += content.count(_EVENT)
        self._tail = (self._tail + content)[-_TAIL:]

    def passed(self) -> Passed:
        """What is known when the answer is over."""
        now = time.monotonic()
        first = None if self._first is None else self._first - self._began
        return Passed(first, now - self._began, self._tokens())

    def _tokens(self) -> int:
        for found in reversed(_USAGE.findall(self._tail)):
            try:
                return int(json.loads(found)["completion_tokens"])
            except (ValueError, KeyError, TypeError):
                continue
        return max(0, self._events - 2)  # the role, and the end


class Traffic:
    """What has passed through one endpoint since this server began to look."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.tokens = 0
        self._recent: deque[Passed] = deque(maxlen=RECENT)
        self._written: deque[tuple[float, int]] = deque()

    def add(self, passed: Passed, *, failed: bool) -> None:
        """Count a request that is over."""
        self.requests += 1
        self.errors += failed
        if not failed:
            self.tokens += passed.tokens
            self._recent.append(passed)
            self._written.append((time.monotonic(), passed.tokens))
        while self._written and self._written[0][0] < time.monotonic() - _WINDOW:
            self._written.popleft()

    def as_json(self) -> dict[str, Any]:
        """Counts, tokens a second of the last half minute, and percentiles in seconds of the last requests."""
        recent = [passed for at, passed in self._written if at >= time.monotonic() - _WINDOW]
        return {
            "requests": self.requests,
            "errors": self.errors,
            "tokens": self.tokens,
            "tokens_per_second": sum(recent) / _WINDOW,
            "first_token": percentiles([passed.first for passed in self._recent if passed.first is not None]),
            "latency": percentiles([passed.total for passed in self._recent]),
        }
