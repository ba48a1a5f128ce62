"""How far an evaluation is: a function that is told what is done, and of how much."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[int, int], None]


def quietly(done: int, total: int) -> None:
    """Tell nobody."""
