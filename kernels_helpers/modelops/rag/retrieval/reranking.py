"""Rerankers: what reads a question and a passage together, and says how well the one answers the other.

A package adds one by an entry point of the group ``modelops.rerankers``, whose name is a kind and whose object opens
what is behind the colon of ``kind:REF``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Protocol

from modelops.errors import InvalidInput

GROUP = "modelops.rerankers"
_DEFAULT = "cross-encoder"


class Reranker(Protocol):
    """Scores passages for a question; higher is better."""

    @property
    def name(self) -> str:
        """What is shown of it."""

    def scores(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """One score for each passage."""


def reranker_names() -> list[str]:
    """The kinds that are installed."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load_reranker(ref: str) -> Reranker:
    """The reranker that ``kind:REF`` names; without a kind, a cross-encoder of the registry.

    Raises ``InvalidInput`` (``unknown_reranker``), and what opening it raises.
    """
    kind, colon, rest = ref.partition(":")
    if not colon:
        kind, rest = _DEFAULT, ref
    found = next((entry for entry in entry_points(group=GROUP) if entry.name == kind), None)
    if found is None:
        raise InvalidInput(
            "unknown_reranker",
            f"There is no kind of reranker called {kind[:100]!r}.",
            f"Use one of {', '.join(reranker_names()) or 'none: reinstall ModelOps'}.",
        )
    reranker: Reranker = found.load()(rest)
    return reranker
