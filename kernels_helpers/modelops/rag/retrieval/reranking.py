"""Rerankers: what reads a question and a passage together, and says how well the one answers the other.

A package adds one by an entry point of the group ``modelops.rerankers``, whose name is a kind and whose object opens
what is behind the colon of ``kind:REF``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Protocol

from modelops.errors import InvalidInput
from modelops.inputs import open_artifact

GROUP = "modelops.rerankers"


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
    """The reranker that ``kind:REF`` names; without a kind, a model of the registry: cross-encoder or embedding model.

    Raises ``InvalidInput`` (``unknown_reranker``), and what opening it raises.
    """
    kind, colon, rest = ref.partition(":")
    if not colon:
        return _open_model(ref)
    found = next((entry for entry in entry_points(group=GROUP) if entry.name == kind), None)
    if found is None:
        raise InvalidInput(
            "unknown_reranker",
            f"There is no kind of reranker called {kind[:100]!r}.",
            f"Use one of {', '.join(reranker_names()) or 'none: reinstall ModelOps'}.",
        )
    reranker: Reranker = found.load()(rest)
    return reranker


def _open_model(ref: str) -> Reranker:
    from modelops.models import is_embedder
    from modelops.rag.retrieval.cross_encoder import open_cross_encoder
    from modelops.rag.retrieval.late_interaction import open_late_interaction

    verified = open_artifact(ref)
    return open_late_interaction(verified) if is_embedder(verified.path) else open_cross_encoder(verified)
