"""Passages as a search would have found them, for the rooms that answer from some."""

from __future__ import annotations

from typing import Any

from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document
from modelops.rag.retrieval import Hit, Placed


def hit(text: str, source: str = "cats.md", *, similarity: float | None = 0.9, begin: int = 0, **facts: Any) -> Hit:
    """A passage that begins at ``begin`` of its document, with the cosine that vectors gave it."""
    chunk = Chunk(source, begin, begin + len(text), text, facts.pop("page", None), facts.pop("headings", ()))
    document = Document(source, f"sha256:{source}", "text/markdown", "x" * begin + text, **facts)
    steps = {} if similarity is None else {"dense": Placed(similarity, 1)}
    return Hit(chunk, document, similarity or 0.0, steps)
