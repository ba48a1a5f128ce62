"""Measures of a model on held-out rows, each with the interval that it may well lie in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from modelops.errors import NonFinite
from modelops.intervals import (
    CONFIDENCE,
    OVER_ROWS,
    RESAMPLES,
    Measure,
    Numbers,
    bootstrap_interval,
    resampled_sums,
    wilson_interval,
)

if TYPE_CHECKING:
    from modelops.evaluation.scoring import Scores


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
