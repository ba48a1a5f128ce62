"""Answers of ``indexes``."""

from __future__ import annotations

from pydantic import Field

from modelops_server.handlers.answers.base import Answer


class Placed(Answer):
    """What one step of a search gave a passage."""

    score: float
    rank: int = Field(description="From 1.")


class Hit(Answer):
    """A passage that was found."""

    source: str = Field(description="The document that it is of.")
    title: str
    media_type: str
    start: int = Field(description="Where it begins in the document's text, in characters (code points).")
    end: int
    page: int | None = Field(description="From 1; `null` where there are no pages.")
    page_starts: list[int] = Field(description="Where further pages begin within it.")
    headings: list[str]
    text: str
    score: float = Field(description="The last step's.")
    steps: dict[str, Placed] = Field(description="By step: `dense`, `bm25`, `fusion`, `reranker`.")


class Hits(Answer):
    """What a search found, best first."""

    hits: list[Hit]


class IndexDocument(Answer):
    """A document of an index."""

    source: str
    title: str
    media_type: str
    characters: int
    chunks: int


class SkippedDocument(Answer):
    """A document that is not in the index."""

    source: str
    code: str
    reason: str


class Documents(Answer):
    """What is in an index, in the order of the sources, and what was left out."""

    documents: list[IndexDocument]
    skipped: list[SkippedDocument]


class Document(Answer):
    """The text of a document."""

    source: str
    title: str
    media_type: str
    text: str
    page_starts: list[int] = Field(description="Where each page begins, in characters; empty without pages.")
    chunks: list[tuple[int, int]] = Field(description="Where each chunk begins and ends; neighbours may overlap.")
