"""Metrics as curves: the points that a job reported, joined over its attempts, and thinned to what a screen shows."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any

MOST_POINTS = 2000
"""Points of one curve after thinning; a plot has about as many pixels."""

Point = tuple[float, float | None]
"""A step and the value there; ``None`` where that was not finite."""


class Curve:
    """The points of one metric, in the order in which they were reported."""

    def __init__(self) -> None:
        self.steps, self.values = array("d"), array("d")

    def add(self, step: float, value: float) -> None:
        self.steps.append(step)
        self.values.append(value)

    def cut(self, step: float) -> None:
        """Forget what was reported from ``step`` on."""
        keep = next((index for index, known in enumerate(self.steps) if known >= step), len(self.steps))
        del self.steps[keep:], self.values[keep:]

    def points(self, most: int = MOST_POINTS) -> list[Point]:
        """The points, thinned to at most ``most`` of them.

        The first and the last stay. What lies between is divided into runs of equally many points, and of each run its
        lowest and its highest point stay, so that no spike disappears; so does a point that is not finite.
        """
        return [
            (self.steps[index], self.values[index] if math.isfinite(self.values[index]) else None)
            for index in thinned(self.values, most)
        ]


class Curves:
    """The curves of a job: what an attempt that goes on from a checkpoint reports again replaces what was there."""

    def __init__(self) -> None:
        self.by_metric: dict[str, Curve] = {}
        self._older: set[str] = set()
        """Metrics of which the running attempt has not reported anything yet."""

    def new_attempt(self) -> None:
        """What follows is reported by another attempt."""
        self._older = set(self.by_metric)

    def take(self, step: Any, values: dict[str, Any]) -> None:
        """Learn from one ``metric`` event; without a step, a value comes one step after the last."""
        for name, value in values.items():
            curve = self.by_metric.setdefault(name, Curve())
            numbered = isinstance(step, int | float)
            if name in self._older:
                self._older.discard(name)
                curve.cut(step if numbered else -math.inf)
            at = step if numbered else (curve.steps[-1] + 1 if curve.steps else 0)
            curve.add(at, value if isinstance(value, int | float) else math.nan)


def thinned(values: Sequence[float], most: int) -> list[int]:
    """The indices of at most ``most`` values that stay when a curve is thinned; see :meth:`Curve.points`."""
    count = len(values)
    if count <= most:
        return list(range(count))
    runs = (most - 2) // 2
    kept = {0, count - 1}
    for run in range(runs):
        start, end = 1 + run * (count - 2) // runs, 1 + (run + 1) * (count - 2) // runs
        inside = range(start, end)
        odd = next((index for index in inside if not math.isfinite(values[index])), None)
        finite = [index for index in inside if math.isfinite(values[index])]
        if odd is not None:
            kept.add(odd)
            finite = finite and [max(finite, key=values.__getitem__)]
        if finite:
            kept |= {min(finite, key=values.__getitem__), max(finite, key=values.__getitem__)}
    return sorted(kept)
