"""The ways of cutting and searching that a sweep tries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from modelops.errors import InvalidInput
from modelops.rag.chunking import ChunkSettings, Strategy
from modelops.rag.embedding import Embedder
from modelops.rag.retrieval import SearchSettings

MOST = 200
"""Configurations of one sweep: more cannot be told apart by any number of questions that somebody waits for."""


@dataclass(frozen=True)
class Cut:
    """How documents are cut, in tokens of the embedder."""

    chunk_size: int
    overlap: int
    strategy: Strategy = "auto"

    def settings_for(self, embedder: Embedder) -> ChunkSettings:
        """The settings, with the tokenizer and the limit of an embedder; raises ``InvalidInput``."""
        return ChunkSettings(embedder.count, self.strategy, self.chunk_size, self.overlap, most=embedder.max_tokens)

    def as_json(self) -> dict[str, Any]:
        return {"strategy": self.strategy, "chunk_size": self.chunk_size, "overlap": self.overlap}


@dataclass(frozen=True)
class Configuration:
    """One way of cutting and searching."""

    search: SearchSettings
    cut: Cut | None = None
    """``None`` for the chunks that the index has."""
    embedder: str | None = None
    """``None`` for the one that the index was made with."""
    reranker: str | None = None

    @property
    def name(self) -> str:
        """What makes it differ, as a person reads it: two configurations of a sweep have different names."""
        parts = [str(self.search.method)]
        if self.search.method == "hybrid":
            weighted = self.search.fusion == "weighted"
            parts.append(f"{self.search.dense_weight:g}" if weighted else "ranks")
        if self.reranker:
            parts.append(f"+ {self.reranker}")
        if self.cut is not None:
            parts.append(f"· {self.cut.chunk_size}/{self.cut.overlap}")
            if self.cut.strategy != "auto":
                parts.append(self.cut.strategy)
        if self.embedder:
            parts.append(f"· {self.embedder}")
        return " ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {
            "search": self.search.model_dump(mode="json"),
            "cut": self.cut.as_json() if self.cut else None,
            "embedder": self.embedder,
            "reranker": self.reranker,
        }


def grid(
    base: SearchSettings,
    *,
    methods: Sequence[str],
    dense_weights: Sequence[float] = (),
    rerankers: Sequence[str] = (),
    chunk_sizes: Sequence[int] = (),
    overlaps: Sequence[int] = (),
    strategies: Sequence[str] = (),
    embedders: Sequence[str | None] = (),
) -> list[Configuration]:
    """All combinations of what is named, each once; where nothing is named, what the index has.

    ``None`` among the embedders is the index's own. Words are searched without one: BM25 is not tried for each.
    ``dense_weights`` add weighted fusions to the one by reciprocal ranks; ``rerankers`` are tried beside none; an
    overlap too large for a chunk size becomes half of it. Raises ``InvalidInput``: ``no_configurations``,
    ``too_many_configurations``, and ``invalid_chunking`` where an overlap or strategy is named without a chunk size.
    """
    if (overlaps or strategies) and not chunk_sizes:
        raise InvalidInput(
            "invalid_chunking", "An overlap or a strategy is named without a chunk size.", "Name chunk sizes, too."
        )
    cuts: list[Cut | None] = [
        Cut(size, min(overlap, size // 2), strategy)  # type: ignore[arg-type] # ChunkSettings checks it
        for size, overlap, strategy in product(chunk_sizes, overlaps or (32,), strategies or ("auto",))
    ]
    found: dict[Configuration, None] = {}
    for cut, embedder, method, reranker in product(
        cuts or [None], embedders or (None,), methods, (None, *(one for one in rerankers if one))
    ):
        searches = [base.model_copy(update={"method": method, "fusion": "reciprocal_rank"})]
        if method == "hybrid":
            searches += [
                base.model_copy(update={"method": method, "fusion": "weighted", "dense_weight": weight})
                for weight in dense_weights
            ]
        for search in searches:
            # Validates what model_copy does not.
            checked = SearchSettings.model_validate(search.model_dump())
            # With cuts, an embedder also counts the tokens: its chunks are others.
            alone = method == "bm25" and cut is None
            found[Configuration(checked, cut, None if alone else embedder, reranker)] = None
    if not found:
        raise InvalidInput("no_configurations", "There is nothing to try.", "Name at least one method.")
    if len(found) > MOST:
        raise InvalidInput(
            "too_many_configurations",
            f"These are {len(found)} configurations; a sweep has at most {MOST}.",
            "Name fewer values; those that matter least can be tried alone, with the best of the others.",
        )
    return list(found)
