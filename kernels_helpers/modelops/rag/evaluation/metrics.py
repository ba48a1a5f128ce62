"""How good rankings are: recall, reciprocal rank, normalised discounted cumulative gain, and precision, each at k.

A ranking is judged by the places of the question that its chunks cover. Of several chunks that cover one place the
first counts: cutting finer, or with more overlap, must not make more of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modelops.intervals import Measure, Numbers, mean_of_shares
from modelops.rag.chunks import Chunk
from modelops.rag.evaluation.questions import Question

METRICS = ("recall", "mrr", "ndcg", "precision")


@dataclass(frozen=True)
class Judged:
    """A ranking for a question that has an answer, as far as it matters."""

    grades: tuple[int, ...]
    """Of the question's places, all at least 1."""
    covered: tuple[tuple[int, ...], ...]
    """The numbers of the places that each chunk covers, best chunk first."""


def judge(question: Question, hits: Iterable[Sequence[Chunk]]) -> Judged:
    """What of a question's places a ranking covers; each hit is a chunk, and those with the same words elsewhere."""
    return Judged(
        tuple(place.grade for place in question.relevant),
        tuple(
            tuple(number for number, place in enumerate(question.relevant) if any(map(place.is_covered_by, chunks)))
            for chunks in hits
        ),
    )


def recall(judged: Judged, k: int) -> float:
    """Share of the places that the first ``k`` chunks cover."""
    return len({place for some in judged.covered[:k] for place in some}) / len(judged.grades)


def mrr(judged: Judged, k: int) -> float:
    """1 / rank of the first chunk that covers a place; 0 where none of the first ``k`` does."""
    return next((1 / rank for rank, some in enumerate(judged.covered[:k], 1) if some), 0.0)


def ndcg(judged: Judged, k: int) -> float:
    """Discounted gain of the places, each where it is first covered, beside that of the best order of single places.

    The gain is the grade, the discount log2(rank + 1): Järvelin, Kekäläinen: Cumulated gain-based evaluation of IR
    techniques, 2002. A chunk that covers several places brings them all; more than 1 it cannot be.
    """
    gained, seen = 0.0, set[int]()
    for rank, some in enumerate(judged.covered[:k], 1):
        gained += sum(judged.grades[place] for place in some if place not in seen) / math.log2(rank + 1)
        seen |= set(some)
    best = sorted(judged.grades, reverse=True)[:k]
    return min(1.0, gained / sum(grade / math.log2(rank + 1) for rank, grade in enumerate(best, 1)))


def precision(judged: Judged, k: int) -> float:
    """Share of the first ``k`` chunks that cover a place; of fewer chunks those that are missing do not."""
    return sum(map(bool, judged.covered[:k])) / k


_FORMULAS = {"recall": recall, "mrr": mrr, "ndcg": ndcg, "precision": precision}


def per_question(judged: Sequence[Judged], ks: Sequence[int]) -> dict[str, Numbers]:
    """Each metric at each k, such as ``ndcg@10``: one number for each question."""
    return {
        f"{name}@{k}": np.array([formula(one, k) for one in judged], np.float64)
        for name, formula in _FORMULAS.items()
        for k in ks
    }


def retrieval_measures(values: Mapping[str, Numbers], *, seed: int = 0) -> dict[str, Measure]:
    """The mean over questions of each metric, with its interval. Raises ``InvalidInput`` (``too_few_rows``) for one."""
    return {name: mean_of_shares(numbers, seed=seed) for name, numbers in values.items()}
