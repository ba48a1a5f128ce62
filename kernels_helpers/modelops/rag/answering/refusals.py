"""Whether an answer says that the documents hold none."""

from __future__ import annotations

from modelops.rag.answering.settings import REFUSAL
from modelops.rag.index import words_of

_AROUND = 12
"""Words beside the refusal with which an answer still says nothing else."""


def is_refusal(text: str) -> bool:
    """Whether a text is the refusal, with few words around it; the same in other words is not recognised."""
    said, refusal = words_of(text), words_of(REFUSAL)
    there = any(said[i : i + len(refusal)] == refusal for i in range(len(said)))
    return there and len(said) <= len(refusal) + _AROUND
