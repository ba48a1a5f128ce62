"""What makes vectors of texts, wherever it computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from modelops.errors import NonFinite

Vectors: TypeAlias = NDArray[np.float32]
"""One row for each text, of length 1."""

OnProgress = Callable[[int, int], None]
"""Hears how many of how many texts are done."""


@runtime_checkable
class Embedder(Protocol):
    """Makes vectors of length 1, whose products are cosines; the same text gets the same vector."""

    @property
    def name(self) -> str:
        """The artifact that computes, such as ``minilm@1``."""

    @property
    def digest(self) -> str:
        """The artifact's: vectors of two digests must not meet in one index."""

    @property
    def dimension(self) -> int:
        """Numbers of a vector."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are read; what comes behind them has no part in its vector."""

    def count(self, text: str) -> int:
        """How many tokens of :attr:`max_tokens` a document's text takes, with what is put around it."""

    def embed_documents(self, texts: Sequence[str], on_progress: OnProgress | None = None) -> Vectors:
        """The vectors of passages that are to be found (rows in the order of ``texts``)."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of what is asked."""


def of_length_one(vectors: Vectors, name: str) -> Vectors:
    """Each row divided by its length; raises ``NonFinite`` for rows that have none, or hold NaN or infinity."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    bad = ~np.isfinite(lengths) | (lengths == 0)
    if bad.any():
        raise NonFinite(
            f"{name} made {int(bad.sum())} of {len(bad)} vectors that are zero, NaN or infinite.",
            "Look whether the model is whole: modelops artifacts verify",
        )
    unit: Vectors = (vectors / lengths[:, None]).astype(np.float32)
    return unit
