"""Joins the results of several retrievers, each a list of chunk numbers from the best to the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Ranking = Sequence[tuple[int, float]]
"""Chunk numbers and their scores, best first."""


def by_reciprocal_rank(rankings: Mapping[str, Ranking], constant: int) -> dict[int, float]:
    """1 / (constant + rank), summed up over the rankings that hold a chunk.

    Cormack, Clarke, Büttcher: Reciprocal rank fusion outperforms Condorcet and individual rank learning methods, 2009.
    """
    fused: dict[int, float] = {}
    for ranking in rankings.values():
        for rank, (chunk, _) in enumerate(ranking, 1):
            fused[chunk] = fused.get(chunk, 0.0) + 1 / (constant + rank)
    return fused


def by_weighted_scores(rankings: Mapping[str, Ranking], weights: Mapping[str, float]) -> dict[int, float]:
    """Each ranking's scores, stretched to reach from 0 to 1, times its weight, summed up; who is missing has 0."""
    fused: dict[int, float] = {}
    for name, ranking in rankings.items():
        for chunk, score in stretched(ranking):
            fused[chunk] = fused.get(chunk, 0.0) + weights[name] * score
    return fused


def stretched(ranking: Ranking) -> list[tuple[int, float]]:
    """The ranking with scores from 0 to 1; all 1 where they are equal."""
    scores = [score for _, score in ranking]
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    return [(chunk, (score - low) / (high - low) if high > low else 1.0) for chunk, score in ranking]


def ranked(scores: Mapping[int, float]) -> list[tuple[int, float]]:
    """Best first; of equals the one that stands first in the index."""
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
