"""The index artifact: documents, chunks, vectors and words in standard files, written whole or not at all."""

from __future__ import annotations

from modelops.rag.index.building import BuildReport, build_index
from modelops.rag.index.earlier import Earlier
from modelops.rag.index.index import Index
from modelops.rag.index.opening import open_index, open_with_embedder, require_embedder
from modelops.rag.index.records import FORMAT, IndexRecord
from modelops.rag.index.words import words_of

__all__ = [
    "FORMAT",
    "BuildReport",
    "Earlier",
    "Index",
    "IndexRecord",
    "build_index",
    "open_index",
    "open_with_embedder",
    "require_embedder",
    "words_of",
]
