"""Measures are ratios of sums over tokens, and rows of both models are resampled together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from modelops.errors import InvalidInput, NonFinite
from modelops.evaluation import Scores, measures
from modelops.intervals import mean_of_shares


def _scores(rows: int = 60, seed: int = 0) -> Scores:
    random = np.random.default_rng(seed)
    tokens = random.integers(5, 80, rows)
    nll = tokens * random.gamma(4, 0.5, rows)
    return Scores(
        sources=tuple(range(rows)),
        tokens=tokens,
        nll=nll,
        answer_bytes=4 * tokens,
        reference_nll=nll - 0.01 * tokens,
        kl=0.02 * tokens * random.random(rows),
        agreements=tokens - random.integers(0, 3, rows),
    )


def test_values_are_means_over_tokens() -> None:
    found = measures(
        Scores(
            sources=(0, 1),
            tokens=np.array([1, 3]),
            nll=np.array([4.0, 2.0]),
            answer_bytes=np.array([2, 10]),
            reference_nll=np.array([3.0, 1.0]),
            kl=np.array([0.2, 0.6]),
            agreements=np.array([0, 3]),
        )
    )
    assert {name: measure.value for name, measure in found.items()} == pytest.approx(
        {
            "loss": 1.5,
            "perplexity": math.exp(1.5),
            "bits_per_byte": 6 / math.log(2) / 12,
            "reference_perplexity": math.exp(1.0),
            "perplexity_ratio": math.exp(0.5),
            "kl_divergence": 0.2,
            "top1_agreement": 0.75,
        }
    )
    assert found["loss"].unit == "nats/token"
    assert found["bits_per_byte"].as_json() | {"value": 0, "low": 0, "high": 0} == {
        "value": 0,
        "low": 0,
        "high": 0,
        "unit": "bits/byte",
        "n": 2,
        "method": "bootstrap over rows",
    }


def test_without_a_reference_there_is_nothing_to_compare() -> None:
    alone = replace(_scores(), reference_nll=None, kl=None, agreements=None)
    assert list(measures(alone)) == ["loss", "perplexity", "bits_per_byte"]


def test_intervals_hold_their_values_and_are_the_same_each_time() -> None:
    found = measures(_scores())
    assert found == measures(_scores())
    for measure in found.values():
        assert measure.low < measure.value < measure.high or measure.low == pytest.approx(measure.high)
        assert measure.n == 60
    assert found["perplexity"].low == pytest.approx(math.exp(found["loss"].low))


def test_what_is_hard_for_both_models_cancels_out_of_their_ratio() -> None:
    found = measures(_scores())
    one = found["perplexity_ratio"]
    # The reference is better by exactly 0.01 nats a token everywhere, though rows differ by a lot.
    assert (one.low, one.value, one.high) == pytest.approx((math.exp(0.01),) * 3, rel=1e-9)
    assert found["perplexity"].high / found["perplexity"].low > 1.2


def test_agreement_everywhere_is_still_not_certain() -> None:
    scores = _scores()
    all_agree = measures(replace(scores, agreements=scores.tokens))["top1_agreement"]
    tokens = int(scores.tokens.sum())
    assert all_agree.high == all_agree.value == 1.0
    # About four over the tokens: z² / (n + z²).
    assert all_agree.low == pytest.approx(1 - 3.8415 / (tokens + 3.8415))


def test_agreement_that_differs_from_row_to_row_is_less_certain_than_that_of_independent_tokens() -> None:
    scores = _scores()
    half = np.where(np.arange(60) % 2, scores.tokens, 0)
    found = measures(replace(scores, agreements=half))["top1_agreement"]
    share, tokens = half.sum() / scores.tokens.sum(), scores.tokens.sum()
    assert found.high - found.low > 4 * 2 * 1.96 * math.sqrt(share * (1 - share) / tokens)


def test_one_row_and_a_perplexity_beyond_all_numbers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="one row"):
        measures(_scores(rows=1))
    with pytest.raises(NonFinite, match="perplexity is inf"):
        measures(replace(_scores(), nll=np.full(60, 1e6)))


def test_shares_of_rows() -> None:
    right = mean_of_shares(np.array([1.0] * 15 + [0.0] * 5))
    assert (right.value, right.n) == (0.75, 20)
    assert (right.low, right.high) == pytest.approx((0.5313, 0.8881), abs=1e-4)  # Wilson, 15 of 20
    none = mean_of_shares(np.zeros(20))
    assert (none.low, none.value) == (0, 0)
    assert none.high == pytest.approx(0.1611, abs=1e-4)
    graded = mean_of_shares(np.linspace(0, 1, 21))
    assert graded.value == pytest.approx(0.5)
    assert graded.low < graded.value < graded.high
    # Student's interval of a mean: 0.5 ± 2.086 · 0.3102 / √21.
    assert graded.high - graded.low == pytest.approx(2 * 0.1412, rel=0.1)
