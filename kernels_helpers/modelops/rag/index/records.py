"""What ``index.json`` says of an index, and what the files beside it are called."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from modelops.errors import InvalidInput

FORMAT = 1
"""Of the folder; a reader refuses every other."""

RECORD, DOCUMENTS, CHUNKS, VECTORS, WORDS = "index.json", "documents.parquet", "chunks.parquet", "vectors.npy", "bm25"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EmbedderRecord(_Part):
    """Whose vectors these are."""

    ref: str
    digest: str
    dimension: int = Field(ge=1)
    max_tokens: int = Field(ge=1)


class Counts(_Part):
    """How much there is."""

    documents: int = Field(ge=1)
    chunks: int = Field(ge=1)
    characters: int = Field(ge=0)
    words: int = Field(ge=0)
    """Different ones."""


class SkippedRecord(_Part):
    """A document that is not in the index, and why."""

    source: str
    code: str
    reason: str


class WordsRecord(_Part):
    """How BM25 scores, and what a word is to it."""

    method: Literal["lucene"] = "lucene"
    k1: float = Field(1.5, ge=0)
    b: float = Field(0.75, ge=0, le=1)
    words: Literal["unicode-1"] = "unicode-1"


class IndexRecord(_Part):
    """The whole of ``index.json``."""

    format: Literal[1] = 1
    embedder: EmbedderRecord
    chunker: dict[str, Any] = {}
    """The settings that the documents were cut with."""
    bm25: WordsRecord = WordsRecord()
    counts: Counts
    skipped: tuple[SkippedRecord, ...] = ()


def damaged(reason: str) -> InvalidInput:
    """The error for an index whose files do not fit together."""
    return InvalidInput("index_damaged", f"The index is damaged: {reason}.", "Build it again.")
