"""How long work says where it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int], None]
"""Called now and then with what is being done and the number of rows so far."""

EVERY_ROWS = 500


def quietly(_doing: str, _rows: int) -> None:
    """Say nothing."""
