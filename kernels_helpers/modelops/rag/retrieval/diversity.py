"""Chooses hits that are relevant and differ from each other, and not too many of one document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from modelops.rag.embedding import Vectors
from modelops.rag.retrieval.fusion import Ranking, stretched


def choose(
    ranking: Ranking, vectors: Vectors, sources: Sequence[int], *, most: int, diversity: float, per_source: int | None
) -> list[int]:
    """The chunks to take, in this order: maximal marginal relevance, with a cap for each source.

    Each next one has the greatest ``(1 - diversity) * relevance - diversity * similarity``: its score, stretched to
    reach from 0 to 1 over all candidates, and its greatest cosine with those chosen. ``vectors`` and ``sources`` have
    one row for each of the ranking. Carbonell, Goldstein: The use of MMR, diversity-based reranking, 1998.
    """
    relevance = np.array([score for _, score in stretched(ranking)], np.float64)
    closest = np.full(len(ranking), -np.inf)
    left, taken, chosen = np.ones(len(ranking), bool), Counter[int](), list[int]()
    while len(chosen) < most and left.any():
        gains = (1 - diversity) * relevance
        if chosen and diversity:
            gains = gains - diversity * closest
        place = int(np.where(left, gains, -np.inf).argmax())
        chosen.append(ranking[place][0])
        left[place] = False
        taken[sources[place]] += 1
        if per_source is not None and taken[sources[place]] >= per_source:
            left &= np.asarray(sources) != sources[place]
        if diversity:
            closest = np.maximum(closest, vectors @ vectors[place])
    return chosen
