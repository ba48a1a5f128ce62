"""What answers that come piece by piece have in common: they are iterated once, and can be broken off."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from modelops.client.breaking import Breaker
from modelops.client.connection import Connection
from modelops.client.messages import Block, blocks
from modelops.errors import Unavailable

_SILENCE = 600.0
"""Seconds without a byte after which an answer counts as lost: a long prompt is read in silence, and what serves an
index may have to be started first."""


class Streamed(ABC):
    """Text that comes piece by piece; ``text`` is what has come so far."""

    def __init__(self, connection: Connection, path: str, body: Mapping[str, Any]) -> None:
        self._connection = connection
        self._path = path
        self._body = dict(body)
        self._breaker = Breaker()
        self.text = ""

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.text!r}>"

    def __iter__(self) -> Generator[str]:
        """Ask, and give each piece of text as it comes; raises ``ModelOpsError`` with what is said to be wrong."""
        try:
            yield from self._pieces()
        except Unavailable:
            if not self.stopped:
                raise

    @property
    def stopped(self) -> bool:
        """Whether it was broken off with :meth:`stop`."""
        return self._breaker.broken

    def stop(self) -> None:
        """Break it off, from any thread and also before its first piece; the iteration ends with what has come."""
        self._breaker.break_off()

    def read(self) -> Self:
        """Wait for all of it, and return this reply."""
        for _ in self:
            pass
        return self

    @abstractmethod
    def _pieces(self) -> Generator[str]:
        """The pieces of text, as the messages of :meth:`_asked` say them."""

    @contextmanager
    def _asked(self) -> Iterator[Iterator[Block]]:
        """The messages that answer, as they come."""
        traced = {"trace": self._breaker.trace}
        with self._connection.stream("POST", self._path, _SILENCE, json=self._body, extensions=traced) as lines:
            yield blocks(lines)


def broken_off() -> Unavailable:
    """The error for an answer that did not come to its end."""
    return Unavailable("broken_off", "The answer broke off before its end.", "Ask again.")
