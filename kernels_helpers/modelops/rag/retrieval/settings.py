"""How an index is searched."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SearchSettings(BaseModel):
    """What is searched, how the results are joined and varied, and what is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Literal["dense", "bm25", "hybrid"] = "hybrid"
    """By the meaning of a question (vectors), by its words, or both."""
    top_k: int = Field(5, ge=1, le=1000)
    """How many hits there are at most."""
    candidates: int = Field(50, ge=1, le=10_000)
    """How many chunks each retriever brings, from which the hits are chosen; ``top_k`` at least."""
    fusion: Literal["reciprocal_rank", "weighted"] = "weighted"
    """How two retrievers' results become one (hybrid): by their ranks, or by their scores, weighted."""
    rank_constant: int = Field(60, ge=1)
    """``k`` of reciprocal rank fusion: 1 / (k + rank), summed up."""
    dense_weight: float = Field(0.3, ge=0, le=1)
    """The share of the vectors in a weighted fusion, which adds stretched scores; the words have the rest."""
    diversity: float = Field(0.0, ge=0, le=1)
    """How much a hit must differ from those before it: 0 not at all, 1 that alone counts (MMR with λ = 1 - it)."""
    per_source: int | None = Field(None, ge=1)
    """How many hits of one document there are at most: none fills all of the context."""
    min_similarity: float | None = Field(None, ge=-1, le=1)
    """The least cosine of what the vectors find."""
    min_bm25: float | None = Field(None, ge=0)
    """The least score of what the words find."""
    min_score: float | None = None
    """The least final score: the reranker's where there is one, otherwise that of the fusion or the one retriever."""
    sources: tuple[str, ...] = ()
    """Patterns such as ``manuals/*.pdf``, of which a source must match one; none: all sources."""
    media_types: tuple[str, ...] = ()
    """Such as ``application/pdf`` or ``text/*``."""
    headings: tuple[str, ...] = ()
    """Patterns of which one of a chunk's headings must match one; in whatever letters."""
