"""Texts as vectors, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from modelops_server.endpoints.engines.transformers.problems import Problem

if TYPE_CHECKING:
    from modelops_server.endpoints.engines.transformers.encoder import Encoder
    from modelops_server.endpoints.engines.transformers.served import Served

_MOST_ROWS, _MOST_TOKENS = 8, 512
"""Of what is computed in one step, padding counted, so that answers beside it go on."""


class Embedding:
    """The vectors of one request; ``deliver`` gets them all, or the problem, and must not block."""

    def __init__(
        self,
        inputs: Sequence[list[int]],
        adapter: str | None,
        deliver: Callable[[list[list[float]] | Problem], object],
    ) -> None:
        self.adapter = adapter
        self.deliver = deliver
        self.cancelled = False
        self._inputs = inputs
        # Neighbours of about the same length need little padding.
        self._left = sorted(range(len(inputs)), key=lambda place: len(inputs[place]))
        self._vectors: list[list[float]] = [[] for _ in inputs]

    def step(self, served: Served | Encoder) -> bool:
        """Compute some of the vectors; returns whether those were the last ones, which then are delivered."""
        places = [self._left.pop()]
        longest = len(self._inputs[places[0]])
        while self._left and len(places) < _MOST_ROWS and longest * (len(places) + 1) <= _MOST_TOKENS:
            places.append(self._left.pop())
        vectors = served.embed([self._inputs[place] for place in places], self.adapter)
        for place, vector in zip(places, vectors, strict=True):
            self._vectors[place] = vector
        if not self._left:
            self.deliver(self._vectors)
        return not self._left
