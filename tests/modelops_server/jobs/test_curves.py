"""Metrics as curves: joined over attempts, thinned without losing a spike."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from modelops_server.jobs.curves import MOST_POINTS, Curve, Curves, thinned


def curve(values: list[float]) -> Curve:
    made = Curve()
    for step, value in enumerate(values):
        made.add(step, value)
    return made


def test_a_short_curve_is_left_as_it_is() -> None:
    assert curve([3.0, 2.0]).points() == [(0, 3.0), (1, 2.0)]


@given(st.lists(st.floats(), min_size=0, max_size=400), st.integers(4, 50))
def test_a_thinned_curve_keeps_its_ends_its_extremes_and_its_order(values: list[float], most: int) -> None:
    kept = thinned(values, most)

    assert len(kept) <= most or len(values) <= most
    assert kept == sorted(set(kept))
    if values:
        assert {0, len(values) - 1} <= set(kept)
    finite = [value for value in values if math.isfinite(value)]
    if finite and len(finite) == len(values):
        assert {min(finite), max(finite)} <= {values[index] for index in kept}


def test_one_spike_in_a_hundred_thousand_points_stays_and_so_does_one_nan() -> None:
    values = [1.0] * 100_000
    values[54_321], values[77_777] = 50.0, math.nan

    points = curve(values).points()

    assert len(points) <= MOST_POINTS
    assert (54_321, 50.0) in points
    assert (77_777, None) in points


def test_an_attempt_that_goes_on_from_a_checkpoint_replaces_the_steps_that_it_repeats() -> None:
    curves = Curves()
    for step in range(5):
        curves.take(step, {"loss": 5.0 - step, "rate": 0.1})
    curves.new_attempt()
    curves.take(3, {"loss": 1.5})
    curves.take(4, {"loss": 1.0})

    assert curves.by_metric["loss"].points() == [(0, 5.0), (1, 4.0), (2, 3.0), (3, 1.5), (4, 1.0)]
    assert len(curves.by_metric["rate"].points()) == 5


def test_values_without_steps_are_counted_and_begin_anew_with_an_attempt() -> None:
    curves = Curves()
    curves.take(None, {"score": 1.0})
    curves.take(None, {"score": "nan"})
    assert curves.by_metric["score"].points() == [(0, 1.0), (1, None)]

    curves.new_attempt()
    curves.take(None, {"score": 2.0})
    assert curves.by_metric["score"].points() == [(0, 2.0)]
