"""Texts as vectors: the mean of a language model's last hidden states, of length 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from modelops_server.endpoints.engines.transformers.problems import Problem

if TYPE_CHECKING:
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

    def step(self, served: Served) -> bool:
        """Compute some of the vectors; returns whether those were the last ones, which then are delivered."""
        places = [self._left.pop()]
        longest = len(self._inputs[places[0]])
        while self._left and len(places) < _MOST_ROWS and longest * (len(places) + 1) <= _MOST_TOKENS:
            places.append(self._left.pop())
        vectors = _vectors(served, [self._inputs[place] for place in places], self.adapter)
        for place, vector in zip(places, vectors, strict=True):
            self._vectors[place] = vector
        if not self._left:
            self.deliver(self._vectors)
        return not self._left


def _vectors(served: Served, inputs: Sequence[list[int]], adapter: str | None) -> list[list[float]]:
    longest = max(map(len, inputs))
    tokens = torch.tensor([ids + [0] * (longest - len(ids)) for ids in inputs], device=served.device)
    lengths = torch.tensor([len(ids) for ids in inputs], device=served.device)
    mask = (torch.arange(longest, device=served.device) < lengths[:, None]).long()
    states = served.hidden(tokens, mask, adapter).float() * mask[..., None]
    means = states.sum(dim=1) / lengths[:, None]
    vectors: list[list[float]] = torch.nn.functional.normalize(means, dim=-1).tolist()
    return vectors
