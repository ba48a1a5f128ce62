"""Questions, and where in the documents their answers stand.

What is relevant is a span of a document, not a chunk of an index: the same questions judge indexes that are cut in
different ways.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modelops.rag.chunks import Chunk

_SHARE = 0.5


@dataclass(frozen=True)
class Place:
    """Where an answer stands: a span of a document, or all of it."""

    source: str
    start: int | None = None
    """``None`` for the document as a whole."""
    end: int | None = None
    grade: int = 1
    """How well it answers; from 1."""

    def is_covered_by(self, chunk: Chunk) -> bool:
        """Whether who reads the chunk has read the place: they share at least half of the shorter of both.

        Of a whole document each chunk counts.
        """
        if chunk.source != self.source:
            return False
        if self.start is None or self.end is None:
            return True
        shared = min(self.end, chunk.end) - max(self.start, chunk.start)
        return shared > 0 and shared >= _SHARE * min(self.end - self.start, chunk.end - chunk.start)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"source": self.source}
        if self.start is not None:
            found |= {"start": self.start, "end": self.end}
        return found | ({"grade": self.grade} if self.grade != 1 else {})


@dataclass(frozen=True)
class Question:
    """A question, and what is known of its answer."""

    id: str
    text: str
    relevant: tuple[Place, ...] = ()
    """None for a question that the documents do not answer."""
    answer: str | None = None
    made_by: str = "given"
    """``given``, the method that made it, or the endpoint that wrote it."""

    @property
    def answerable(self) -> bool:
        """Whether the documents answer it."""
        return bool(self.relevant)

    def as_json(self) -> dict[str, Any]:
        """As a line of a file of questions; what :func:`read_questions` reads again."""
        found: dict[str, Any] = {"id": self.id, "question": self.text}
        if self.relevant:
            found["relevant"] = [place.as_json() for place in self.relevant]
        found["answerable"] = self.answerable
        if self.answer is not None:
            found["answer"] = self.answer
        return found | {"made_by": self.made_by}


def questions_digest(questions: Sequence[Question]) -> str:
    """The SHA-256 of questions, whoever wrote them down in what way."""
    lines = "".join(json.dumps(question.as_json(), sort_keys=True, ensure_ascii=False) + "\n" for question in questions)
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()
