"""A measured number, and what it may well lie in: by resampling, by Wilson's formula, by order of repetitions.

Rows are drawn independently of each other and tokens are not, so rows are what is resampled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist, median
from typing import Any

import numpy as np
import numpy.typing as npt

from modelops.errors import InvalidInput

Numbers = npt.NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 2000
OVER_ROWS = "bootstrap over rows"
_DRAWN_AT_ONCE = 4_000_000
"""Counts of rows that are held at one time: 32 MB."""


@dataclass(frozen=True)
class Measure:
    """A number, and between what it lies with a confidence of 95 %."""

    value: float
    low: float
    high: float
    unit: str
    """Such as ``nats/token``; empty for a ratio or a share."""
    n: int
    """Independent observations that it was made from: rows, or repetitions."""
    method: str
    """How the interval was found."""

    @property
    def interval(self) -> str:
        """The interval as a person reads it, such as ``0.88 to 0.92``."""
        return f"{self.low:.4g} to {self.high:.4g}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def resampled_sums(columns: Numbers, resamples: int = RESAMPLES, seed: int = 0) -> Numbers:
    """Sums of ``columns`` [rows, k] over rows drawn with replacement, as often as there are rows; [resamples, k].

    All columns are summed over the same draws, so a ratio or difference of two of them is that of one sample.
    """
    rows = len(columns)
    random = np.random.default_rng(seed)
    at_once = max(1, _DRAWN_AT_ONCE // rows)
    sums = [
        random.multinomial(rows, np.full(rows, 1 / rows), min(at_once, resamples - start)) @ columns
        for start in range(0, resamples, at_once)
    ]
    return np.concatenate(sums)


def bootstrap_interval(statistics: Numbers, rows: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The percentiles of a statistic of resampled ``rows`` that hold the true value with this ``confidence``.

    A sample of few rows varies less than what it was drawn from. The percentiles are therefore taken further out, as
    far as Student's t is beyond the normal distribution (Hesterberg, What Teachers Should Know About the Bootstrap,
    https://arxiv.org/abs/1411.5279, section 5.3). Raises ``InvalidInput`` (``too_few_rows``) for a single row.
    """
    if rows < 2:
        raise InvalidInput(
            "too_few_rows", "From one row nothing can be said of how much rows differ.", "Give two rows or more."
        )
    normal = NormalDist()
    tail = normal.cdf(-math.sqrt(rows / (rows - 1)) * _student_t(1 - (1 - confidence) / 2, rows - 1))
    low, high = np.quantile(statistics, [tail, 1 - tail])
    return float(low), float(high)


def wilson_interval(successes: float, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share; unlike a bootstrap it has a width also where all trials ended the same.

    Wilson, 1927, https://doi.org/10.1080/01621459.1927.10502953
    """
    z = NormalDist().inv_cdf(1 - (1 - confidence) / 2)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    margin = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # Rounding must not leave the share itself outside.
    return max(0.0, min(share, (centre - margin) / scale)), min(1.0, max(share, (centre + margin) / scale))


def mean_of_shares(values: Numbers, *, resamples: int = RESAMPLES, seed: int = 0) -> Measure:
    """The mean of one number between 0 and 1 for each row.

    Numbers that are 0 or 1 have Wilson's interval, and so have numbers that are all the same, of which resampling would
    see no variation; others are resampled.
    """
    rows, mean = len(values), float(values.mean())
    if set(values.tolist()) <= {0.0, 1.0} or np.ptp(values) == 0:
        low, high = wilson_interval(float(values.sum()), rows)
        return Measure(mean, low, high, "", rows, "Wilson's interval over rows")
    low, high = bootstrap_interval(resampled_sums(values[:, None], resamples, seed)[:, 0] / rows, rows)
    return Measure(mean, low, high, "", rows, OVER_ROWS)


def median_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float, float, float]:
    """The median of repetitions, the narrowest pair of them around it, and the confidence that it lies between these.

    Which pair follows from the binomial distribution alone, whatever that of the values is. From fewer than six
    repetitions none has a confidence of 95 %; then it is the smallest and the largest, with the confidence they have.
    """
    ordered, count = sorted(values), len(values)
    if not ordered:
        raise InvalidInput("too_few_repetitions", "There is nothing to take a median of.", "Repeat at least once.")
    place, outside = 0, 2 * 0.5**count
    while 2 * (place + 2) <= count:
        wider = outside + 2 * math.comb(count, place + 1) * 0.5**count
        if 1 - wider < confidence:
            break
        place, outside = place + 1, wider
    return median(ordered), ordered[place], ordered[count - 1 - place], 1 - outside


def _student_t(share: float, freedom: int) -> float:
    """The quantile of Student's t, by its expansion around the normal one: within 0.003 from five degrees on."""
    z = NormalDist().inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return float(z + sum(term / freedom**power for power, term in enumerate(terms, 1)))
