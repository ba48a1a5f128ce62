"""Percentiles of durations."""

from __future__ import annotations

from collections.abc import Sequence


def percentiles(seconds: Sequence[float]) -> dict[str, float] | None:
    """p50, p95 and p99 of some seconds; ``None`` of none."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {f"p{percent}": ordered[round(percent / 100 * last)] for percent in (50, 95, 99)}
