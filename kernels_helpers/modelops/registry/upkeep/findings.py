"""What the registry's upkeep has in common: findings, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many of it are done, and of how many."""

REBUILD = "modelops registry rebuild"
COLLECT = "modelops registry gc --delete"


@dataclass(frozen=True)
class Finding:
    """Something that is wrong (a ``problem``), or merely takes space (a ``leftover``), and the command that mends it.

    ``code`` is a reason of :data:`~modelops.registry.reasons.REASONS` or another word, ``what`` what is concerned.
    """

    code: str
    what: str
    message: str
    mend: str
    severity: Literal["problem", "leftover"] = "problem"

    def as_json(self) -> dict[str, str]:
        """The finding as a JSON object."""
        return dict(vars(self))


def quietly(doing: str, done: int, total: int) -> None:
    """Progress that nobody is told."""
