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
        inner = [start for start in self.document.page_starts if chunk.start < start < chunk.end]
        return {
            "source": chunk.source,
            "title": self.document.title,
            "media_type": self.document.media_type,
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "page_starts": inner,
            "headings": list(chunk.headings),
            "text": chunk.text,
            "score": self.score,
            "steps": {name: {"score": placed.score, "rank": placed.rank} for name, placed in self.steps.items()},
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Hit:
        """The hit that :meth:`as_json` said, without the text of its document and what it is a copy of."""
        source, begin, page = said["source"], said["start"], said["page"]
        # As many pages begin at or before the chunk as make its page the one that it is on.
        starts = (*[begin] * (page or 0), *said["page_starts"])
        return cls(
            Chunk(source, begin, said["end"], said["text"], page, tuple(said["headings"])),
            Document(source, "", said["media_type"], "", said["title"], starts),
            said["score"],
            {name: Placed(**placed) for name, placed in said["steps"].items()},
        )
