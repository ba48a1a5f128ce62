"""Counts, percentiles and histograms are exact."""

from __future__ import annotations

import statistics
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from modelops.datasets.canonical import encode_row
from modelops.datasets.statistics import Lengths, Statistics

lengths = st.lists(st.integers(0, 5000), min_size=1, max_size=200)


def distribution(values: list[int]) -> Lengths:
    counted = Lengths()
    for value in values:
        counted.add(value)
    return counted


@given(lengths)
def test_every_row_is_in_exactly_one_bin(values: list[int]) -> None:
    bins = distribution(values).histogram()

    assert sum(each["rows"] for each in bins) == len(values)
    for each in bins:
        assert each["rows"] == sum(each["from"] <= value <= each["to"] for value in values)


@given(lengths, st.integers(1, 100))
def test_a_percentile_is_the_smallest_length_that_so_many_rows_do_not_exceed(values: list[int], percent: int) -> None:
    found = distribution(values).percentile(percent)

    assert 100 * sum(value <= found for value in values) >= percent * len(values)
    assert 100 * sum(value < found for value in values) < percent * len(values)


@given(lengths)
def test_mean_extremes_and_total_are_those_of_the_values(values: list[int]) -> None:
    facts = distribution(values).as_json()

    assert (facts["min"], facts["max"], facts["total"]) == (min(values), max(values), sum(values))
    assert facts["mean"] == round(statistics.fmean(values), 1)


def test_the_limit_itself_is_not_over_the_limit() -> None:
    assert distribution([511, 512, 513, 600]).over(512) == 2


def test_one_very_long_row_does_not_flatten_the_histogram() -> None:
    bins = distribution([*range(100), *range(100), 100_000]).histogram()

    assert len(bins) >= 8
    assert bins[-1]["to"] == 100_000


def test_copies_are_duplicates_and_copies_across_splits_are_leaks(ask: Any) -> None:
    counted = Statistics()
    for split, question in [
        ("train", "a"),
        ("train", "a"),
        ("train", "b"),
        ("test", "a"),
        ("test", "a"),
        ("test", "c"),
    ]:
        row = ask(question)
        counted.add(split, row, encode_row(row))

    assert counted.rows == {"train": 3, "test": 3}
    assert counted.duplicates == 3
    assert counted.leaked == 1
