"""What a search finds, with what each step thought of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document


@dataclass(frozen=True)
class Placed:
    """What one step gave a chunk: its score, and its rank, from 1."""

    score: float
    rank: int


@dataclass(frozen=True)
class Hit:
    """A chunk that was found; hits stand in the order in which they are to be read."""

    chunk: Chunk
    document: Document
    score: float
    """The last step's: the reranker's, otherwise that of the fusion, otherwise the one retriever's."""
    steps: Mapping[str, Placed]
    """By step: ``dense``, ``bm25``, ``fusion``, ``reranker``; those that did not bring the chunk are missing."""

    def as_json(self) -> dict[str, Any]:
        """The hit as a JSON object."""
        chunk = self.chunk
        return {
            "source": chunk.source,
            "title": self.document.title,
            "media_type": self.document.media_type,
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "headings": list(chunk.headings),
            "text": chunk.text,
            "score": self.score,
            "steps": {name: {"score": placed.score, "rank": placed.rank} for name, placed in self.steps.items()},
        }
