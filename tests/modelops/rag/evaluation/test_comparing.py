"""Who is best is said only where chance cannot say it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from modelops.errors import InvalidInput
from modelops.rag.evaluation import compare, holm, randomisation_p, rank


def test_the_randomisation_test_finds_the_share_of_all_signs() -> None:
    differences = np.array([0.5, 0.1, 0.0, -0.2, 0.4, 0.3, 0.1, -0.1, 0.6])
    seen = abs(differences.sum())
    all_signs = [abs((np.array(signs) * differences).sum()) for signs in product((-1, 1), repeat=len(differences))]
    exact = np.mean([one >= seen - 1e-9 for one in all_signs])

    assert randomisation_p(differences, flips=40_000) == pytest.approx(exact, abs=0.005)
    assert randomisation_p(-differences) == randomisation_p(differences)
    assert randomisation_p(np.zeros(9)) == 1.0


def test_holm_adjusts_as_in_its_definition() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_without_a_difference_no_best_is_found_more_often_than_promised() -> None:
    chance = np.random.default_rng(0)
    found = 0
    for seed in range(60):
        hard = chance.random(80)  # what makes a question hard does so for all
        values = {name: np.clip(hard + chance.normal(0, 0.2, 80), 0, 1) for name in "abcde"}
        found += any(comparison.adjusted_p <= 0.05 for comparison in compare(values, seed=seed))
    assert found <= 8  # 3 are expected; more than 8 come in one of 150 tries


def test_a_real_difference_is_found_and_named() -> None:
    chance = np.random.default_rng(0)
    hard = chance.random(200)
    values = {name: hard + chance.normal(0, 0.05, 200) for name in ("one", "other", "better")}
    values["better"] = values["better"] + 0.05

    ranking = rank(values)

    assert (ranking.leader, ranking.best, ranking.ties) == ("better", "better", ())
    [pair] = [one for one in ranking.comparisons if {one.one, one.other} == {"one", "better"}]
    assert (pair.one, pair.other) == ("one", "better")
    assert pair.low < pair.difference < pair.high < 0
    assert pair.p <= pair.adjusted_p < 0.05


def test_ties_are_named_and_then_nobody_is_best() -> None:
    chance = np.random.default_rng(0)
    hard = chance.random(100)
    values = {"a": hard, "b": hard + chance.normal(0, 0.1, 100), "worse": hard - 0.3}
    ranking = rank(values)
    assert ranking.best is None
    assert {ranking.leader, *ranking.ties} == {"a", "b"}


def test_one_alone_is_best_of_nothing_and_one_question_says_nothing() -> None:
    assert rank({"a": np.array([1.0, 0.0])}).best is None
    with pytest.raises(InvalidInput) as error:
        rank({"a": np.array([1.0]), "b": np.array([0.0])})
    assert error.value.code == "too_few_rows"
