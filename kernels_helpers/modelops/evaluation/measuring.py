"""Measures of a model on held-out rows, each with the interval that it may well lie in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelops.errors import NonFinite
from modelops.evaluation.intervals import (
    CONFIDENCE,
    RESAMPLES,
    Numbers,
    bootstrap_interval,
    resampled_sums,
    wilson_interval,
)

if TYPE_CHECKING:
    from modelops.evaluation.scoring import Scores


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


OVER_ROWS = "bootstrap over rows"
OVER_ROWS_AND_TOKENS = "bootstrap over rows, and at least Wilson's interval over tokens"

_LN2 = math.log(2)
_UNITS = {"loss": "nats/token", "bits_per_byte": "bits/byte", "kl_divergence": "nats/token"}

# What each measure is, from the sums of the columns: one number, or one for each resample.
_ALONE: dict[str, Callable[[Mapping[str, Numbers]], Numbers]] = {
    "loss": lambda sums: sums["nll"] / sums["tokens"],
    "perplexity": lambda sums: np.exp(sums["nll"] / sums["tokens"]),
    "bits_per_byte": lambda sums: sums["nll"] / _LN2 / sums["answer_bytes"],
}
_COMPARED: dict[str, Callable[[Mapping[str, Numbers]], Numbers]] = {
    "reference_perplexity": lambda sums: np.exp(sums["reference_nll"] / sums["tokens"]),
    "perplexity_ratio": lambda sums: np.exp((sums["nll"] - sums["reference_nll"]) / sums["tokens"]),
    "kl_divergence": lambda sums: sums["kl"] / sums["tokens"],
    "top1_agreement": lambda sums: sums["agreements"] / sums["tokens"],
}


def measures(
    scores: Scores, *, resamples: int = RESAMPLES, confidence: float = CONFIDENCE, seed: int = 0
) -> dict[str, Measure]:
    """``loss``, ``perplexity`` and ``bits_per_byte``; with a reference also ``reference_perplexity``,
    ``perplexity_ratio``, ``kl_divergence`` and ``top1_agreement``.

    Each is a ratio of sums over all answer tokens. Intervals are percentiles of the same ratio over resampled rows, the
    same rows for both models: what makes a row hard for both cancels out of their ratio. Where (nearly) all tokens
    agree, resampling sees no variation and would give ``top1_agreement`` no width; it is therefore at least as wide as
    Wilson's interval over tokens, as if these were independent. Raises ``InvalidInput`` (``too_few_rows``) for one row,
    ``NonFinite`` for a perplexity that no float can hold.
    """
    columns = {"tokens": scores.tokens, "nll": scores.nll, "answer_bytes": scores.answer_bytes}
    formulas = dict(_ALONE)
    if scores.reference_nll is not None and scores.kl is not None and scores.agreements is not None:
        columns |= {"reference_nll": scores.reference_nll, "kl": scores.kl, "agreements": scores.agreements}
        formulas |= _COMPARED
    table = np.column_stack([column.astype(np.float64) for column in columns.values()])
    rows = len(table)
    resampled = resampled_sums(table, resamples, seed)
    found: dict[str, Measure] = {}
    for name, formula in formulas.items():
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            value = float(formula(dict(zip(columns, table.sum(0), strict=True))))
            statistics = formula(dict(zip(columns, resampled.T, strict=True)))
        if not (math.isfinite(value) and np.isfinite(statistics).all()):
            raise NonFinite(
                f"{name} is {value}: no float can hold it, or there is nothing to divide by.",
                "Look at the loss of single rows: the model's weights are damaged, or the answers are empty.",
                metric=name,
            )
        low, high = bootstrap_interval(statistics, rows, confidence)
        method = OVER_ROWS
        if name == "top1_agreement":
            tokens = wilson_interval(float(columns["agreements"].sum()), int(scores.tokens.sum()), confidence)
            low, high, method = min(low, tokens[0]), max(high, tokens[1]), OVER_ROWS_AND_TOKENS
        found[name] = Measure(value, low, high, _UNITS.get(name, ""), rows, method)
    return found


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
