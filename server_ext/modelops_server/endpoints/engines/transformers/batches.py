"""Answers that are computed together: their caches side by side, each as long as the longest, padded on the left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import DynamicCache

if TYPE_CHECKING:
    from modelops_server.endpoints.engines.transformers.replies import Reply
    from modelops_server.endpoints.engines.transformers.served import Served


class Prefill:
    """A prompt that is read, piece by piece, so that a long one does not hold up the answers beside it."""

    def __init__(self, served: Served, reply: Reply) -> None:
        self.reply = reply
        self.cache = DynamicCache()
        self._served = served
        self._read = 0

    def read(self, most: int) -> torch.Tensor | None:
        """Read at most so many tokens more; returns the logits behind the prompt once all are read."""
        piece = self.reply.prompt[self._read : self._read + most]
        tokens = torch.tensor([piece], device=self._served.device)
        logits = self._served.logits(tokens, [self.reply.adapter], self.cache)
        self._read += len(piece)
        return logits if self._read == len(self.reply.prompt) else None


class Batch:
    """Answers that get their next token in one step of the model."""

    def __init__(self, served: Served) -> None:
        self.rows: list[Reply] = []
        self._served = served
        self._cache = DynamicCache()
        self._padding = torch.zeros(0, dtype=torch.long, device=served.device)

    def join(self, reply: Reply, cache: DynamicCache) -> None:
        """Take in an answer whose first token is chosen; ``cache`` holds its prompt."""
        length = cache.get_seq_length()
        longest = max(length, self._cache.get_seq_length()) if self.rows else length
        padding = self._padding.new_tensor([longest - length])
        if self.rows:
            padding = torch.cat([self._padding + longest - self._cache.get_seq_length(), padding])
            ours: Any
            new: Any
            for ours, new in zip(self._cache.layers, cache.layers, strict=True):
                ours.keys = torch.cat([padded(ours.keys, longest), padded(new.keys, longest)])
                ours.values = torch.cat([padded(ours.values, longest), padded(new.values, longest)])
        else:
            self._cache = cache
        self._padding = padding
        self.rows.append(reply)

    def keep(self, places: Sequence[int]) -> None:
        """Leave all but the rows in these places."""
        if len(places) == len(self.rows):
            return
        self.rows = [self.rows[place] for place in places]
        if not places:
            self._cache, self._padding = DynamicCache(), self._padding[:0]
            return
        chosen = torch.tensor(places, device=self._padding.device)
        padding = self._padding[chosen]
        least = int(padding.min())
        layer: Any
        for layer in self._cache.layers:
            layer.keys, layer.values = layer.keys[chosen, :, least:], layer.values[chosen, :, least:]
        self._padding = padding - least

    def step(self) -> torch.Tensor:
        """The logits of every row's next token."""
        tokens = torch.tensor([[row.answer[-1]] for row in self.rows], device=self._padding.device)
        return self._served.logits(tokens, [row.adapter for row in self.rows], self._cache, self._padding)


def padded(states: torch.Tensor, length: int) -> torch.Tensor:
    """Keys or values (rows, heads, places, width) with empty places in front, ``length`` in all."""
    rows, heads, places, width = states.shape
    return torch.cat([states.new_zeros(rows, heads, length - places, width), states], dim=2)
