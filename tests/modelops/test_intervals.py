"""Intervals hold the true value as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from modelops.errors import InvalidInput
from modelops.intervals import (
    _student_t,
    bootstrap_interval,
    median_interval,
    resampled_sums,
    wilson_interval,
)


def test_resampled_sums_are_of_one_draw_for_all_columns_and_the_same_for_one_seed() -> None:
    columns = np.column_stack([np.arange(5.0), 2 * np.arange(5.0), np.ones(5)])
    sums = resampled_sums(columns, resamples=50, seed=3)
    assert sums.shape == (50, 3)
    np.testing.assert_array_equal(sums[:, 1], 2 * sums[:, 0])
    np.testing.assert_array_equal(sums[:, 2], 5)
    np.testing.assert_array_equal(sums, resampled_sums(columns, resamples=50, seed=3))
    assert not np.array_equal(sums, resampled_sums(columns, resamples=50, seed=4))


def test_many_rows_are_drawn_in_parts() -> None:
    columns = np.random.default_rng(0).normal(3, 1, (60_000, 1))
    sums = resampled_sums(columns, resamples=100)
    assert sums.shape == (100, 1)
    assert sums.mean() / 60_000 == pytest.approx(columns.mean(), abs=0.01)
    assert sums.std() / 60_000 == pytest.approx(1 / np.sqrt(60_000), rel=0.3)


@pytest.mark.parametrize(("freedom", "exact"), [(5, 2.5706), (15, 2.1314), (63, 1.9983)])
def test_student_t(freedom: int, exact: float) -> None:
    assert _student_t(0.975, freedom) == pytest.approx(exact, abs=0.003)


@pytest.mark.parametrize("rows", [12, 40])
def test_a_ratio_of_sums_lies_in_19_of_20_intervals_also_of_few_rows(rows: int) -> None:
    """Rows with lengths of all sizes, whose tokens share how hard the row is: what resampling tokens would miss."""
    random = np.random.default_rng(5)
    held, samples, hardness = 0, 400, random.gamma(4, 0.5, (400, rows))
    lengths = random.integers(5, 80, (samples, rows)).astype(float)
    for row_hardness, tokens in zip(hardness, lengths, strict=True):
        columns = np.column_stack([row_hardness * tokens, tokens])
        sums = resampled_sums(columns, resamples=600)
        low, high = bootstrap_interval(sums[:, 0] / sums[:, 1], rows)
        held += low <= 2.0 <= high
    assert 0.92 <= held / samples <= 0.98


def test_one_row_says_nothing_of_how_rows_differ() -> None:
    with pytest.raises(InvalidInput, match="one row"):
        bootstrap_interval(np.ones(10), 1)


def test_wilson_has_a_width_also_where_all_trials_ended_the_same() -> None:
    # 81 of 263: the example of Newcombe, 1998, table I.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(20, 20) == (pytest.approx(0.8389, abs=5e-5), 1.0)
    assert wilson_interval(0, 20) == (0.0, pytest.approx(0.1611, abs=5e-5))


def test_the_median_lies_between_two_repetitions() -> None:
    assert median_interval([5, 1, 4, 2, 6, 3]) == (3.5, 1, 6, 1 - 2 / 64)
    # Of ten, the second and the ninth: 1 - 2 (1 + 10) / 1024.
    assert median_interval(list(range(10))) == (4.5, 1, 8, pytest.approx(1 - 22 / 1024))
    assert median_interval([1, 2, 3])[3] == 0.75
    assert median_interval([7.0]) == (7.0, 7.0, 7.0, 0.0)
