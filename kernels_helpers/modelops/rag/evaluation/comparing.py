"""Whether one way of searching is better than another, on the same questions, beyond what chance may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from modelops.errors import InvalidInput
from modelops.intervals import Numbers, bootstrap_interval, resampled_sums

_LEAST_FLIPS = 10_000
_DRAWN_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Comparison:
    """One compared with another: the mean of the differences, question by question."""

    one: str
    other: str
    difference: float
    """Positive where ``one`` is better."""
    low: float
    high: float
    """The interval of the difference, with a confidence of 95 %, as if it was the only comparison."""
    p: float
    """How often chance alone makes a difference as large, in either direction."""
    adjusted_p: float
    """The same for the whole family of comparisons (Holm)."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Ranking:
    """What can be said of the best of several."""

    leader: str
    """The one with the highest mean."""
    best: str | None
    """The leader, where it is better than each of the others beyond doubt."""
    ties: tuple[str, ...]
    """Those that the leader cannot be told from, itself not among them."""
    comparisons: tuple[Comparison, ...]
    """Of all pairs."""


def randomisation_p(differences: Numbers, *, flips: int = _LEAST_FLIPS, seed: int = 0) -> float:
    """How often signs drawn at random make the mean of paired differences as far from 0 as it is (two-sided).

    Fisher's randomisation test, as Smucker, Allan, Carterette recommend for comparing retrieval: A comparison of
    statistical significance tests for information retrieval evaluation, 2007. The draw that was seen counts as one.
    """
    return float(_randomisation_ps(differences[:, None], flips, seed)[0])


def holm(ps: Sequence[float]) -> list[float]:
    """The p-values of a family of tests, adjusted so that the chance of any false finding stays what it says.

    Holm: A simple sequentially rejective multiple test procedure, 1979.
    """
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    adjusted, largest = [0.0] * len(ps), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = largest
    return adjusted


def compare(values: Mapping[str, Numbers], *, seed: int = 0) -> tuple[Comparison, ...]:
    """All pairs of what was measured on the same questions; the family of tests are these pairs.

    Raises ``InvalidInput`` (``too_few_rows``) for a single question.
    """
    pairs = list(combinations(values, 2))
    if not pairs:
        return ()
    columns = np.column_stack([values[one] - values[other] for one, other in pairs])
    rows = len(columns)
    if rows < 2:
        raise InvalidInput("too_few_rows", "One question says nothing of a difference.", "Give two questions or more.")
    # So many that the strictest of the tests can be passed at all.
    ps = _randomisation_ps(columns, max(_LEAST_FLIPS, 100 * len(pairs)), seed).tolist()
    sums = resampled_sums(columns, seed=seed) / rows
    intervals = [bootstrap_interval(column, rows) for column in sums.T]
    means = columns.mean(0).tolist()
    return tuple(
        Comparison(*pair, mean, *interval, p, adjusted)
        for pair, mean, interval, p, adjusted in zip(pairs, means, intervals, ps, holm(ps), strict=True)
    )


def rank(values: Mapping[str, Numbers], *, level: float = 0.05, seed: int = 0) -> Ranking:
    """Who leads, and whether that is beyond doubt.

    The leader is chosen by looking at the same numbers that then speak for it. All pairs are therefore the family of
    tests, not only those of the leader.
    """
    means = {name: float(numbers.mean()) for name, numbers in values.items()}
    leader = max(means, key=lambda name: means[name])
    comparisons = compare(values, seed=seed)
    ties = tuple(
        comparison.other if comparison.one == leader else comparison.one
        for comparison in comparisons
        if leader in (comparison.one, comparison.other) and comparison.adjusted_p > level
    )
    return Ranking(leader, leader if len(values) > 1 and not ties else None, ties, comparisons)


def _randomisation_ps(columns: Numbers, flips: int, seed: int) -> Numbers:
    rows = len(columns)
    seen = np.abs(columns.sum(0))
    random, beyond, left = np.random.default_rng(seed), np.zeros(columns.shape[1]), flips
    while left:
        some = min(left, max(1, _DRAWN_AT_ONCE // max(columns.shape)))
        signs = random.integers(0, 2, (some, rows)).astype(np.float64) * 2 - 1
        # Sums of the same numbers in another order may differ in the last digits.
        beyond += (np.abs(signs @ columns) >= seen - 1e-9).sum(0)
        left -= some
    found: Numbers = (beyond + 1) / (flips + 1)
    return found
