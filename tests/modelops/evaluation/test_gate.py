"""The gate: limits judged on intervals, and what is wrong whatever is measured."""

from __future__ import annotations

import math
from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops.evaluation import Policy, judge
from modelops.intervals import Measure
from modelops.quantization import Problem


def measure(value: float, low: float, high: float) -> Measure:
    return Measure(value, low, high, "", 64, "bootstrap over rows")


MEASURES = {
    "perplexity_ratio": measure(1.04, 1.02, 1.06),
    "top1_agreement": measure(0.9, 0.88, 0.92),
    "kl_divergence": measure(0.03, 0.02, 0.04),
    "exact_match": measure(0.5, 0.4, 0.6),
}


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        (Policy(max_perplexity_increase=0.06), "holds"),
        (Policy(max_perplexity_increase=0.05), "undecided"),
        (Policy(max_perplexity_increase=0.01), "fails"),
        (Policy(min_top1_agreement=0.88), "holds"),
        (Policy(min_top1_agreement=0.89), "undecided"),
        (Policy(min_top1_agreement=0.93), "fails"),
        (Policy(max_kl_divergence=0.05), "holds"),
        (Policy(max_kl_divergence=0.03), "undecided"),
        (Policy(min_score={"exact_match": 0.7}), "fails"),
    ],
)
def test_a_limit_holds_only_for_the_whole_interval(policy: Policy, outcome: str) -> None:
    verdict = judge(policy, MEASURES)

    assert [ruling.outcome for ruling in verdict.rulings] == [outcome]
    assert verdict.passed == (outcome == "holds")
    assert len(verdict.reasons) == (0 if verdict.passed else 1)


def test_a_number_that_is_none_passes_nothing() -> None:
    nothing = {"perplexity_ratio": measure(math.nan, math.nan, math.nan)}
    assert judge(Policy(max_perplexity_increase=1e9), nothing).rulings[0].outcome == "fails"


def test_every_limit_must_hold_and_each_that_does_not_says_what_was_found() -> None:
    policy = Policy(max_perplexity_increase=0.1, min_top1_agreement=0.95)
    verdict = judge(policy, MEASURES)

    assert not verdict.passed
    assert verdict.reasons == ("top1 agreement 0.9 [0.88, 0.92], at least 0.95 is asked for.",)
    assert verdict.as_json()["verdict"] == "rejected"
    assert str(verdict).splitlines()[0] == "rejected"


def test_without_a_limit_it_passes_and_says_so_in_what_is_signed() -> None:
    assert judge(Policy(), MEASURES).as_json() == {"verdict": "passed", "reasons": [], "rulings": []}


@pytest.mark.parametrize("measures", [{}, MEASURES])
def test_a_model_with_a_problem_passes_nothing_whatever_it_scores(measures: dict[str, Any]) -> None:
    verdict = judge(Policy(max_perplexity_increase=1.0), measures, [Problem("eos_lost", "The end of turn is lost.")])

    assert not verdict.passed
    assert verdict.reasons[0] == "The end of turn is lost."


def test_what_was_not_measured_cannot_be_judged() -> None:
    with pytest.raises(InvalidInput, match="asks for top1_agreement") as refusal:
        judge(Policy(min_top1_agreement=0.9), {"loss": measure(1, 1, 1)})
    assert refusal.value.code == "not_measured"
