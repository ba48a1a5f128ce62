"""An opened index: everything that searching needs, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document
from modelops.rag.embedding import Embedder, Vectors, text_digest
from modelops.rag.index.records import IndexRecord
from modelops.rag.index.words import WordIndex


@dataclass(frozen=True)
class Index:
    """Documents, their chunks in the order of source and place, and what finds them."""

    record: IndexRecord
    documents: list[Document]
    chunks: list[Chunk]
    document_of: NDArray[np.int32]
    """The number of each chunk's document."""
    vectors: Vectors
    words: WordIndex
    embedder: Embedder | None = None
    """What embeds questions; without one, only words are searched."""

    @cached_property
    def by_source(self) -> dict[str, Document]:
        """The documents by their source."""
        return {document.source: document for document in self.documents}

    @cached_property
    def first_of(self) -> NDArray[np.int32]:
        """For each chunk the number of the first with its words, however their white space differs."""
        first: dict[bytes, int] = {}
        words = (text_digest(" ".join(chunk.text.split())) for chunk in self.chunks)
        return np.array([first.setdefault(digest, number) for number, digest in enumerate(words)], np.int32)

    def similarities(self, question: str) -> NDArray[np.float32]:
        """The cosine of each chunk with a question; the index was opened with an embedder."""
        if self.embedder is None:
            raise RuntimeError("the index was opened without an embedder")
        similarities: NDArray[np.float32] = self.vectors @ self.embedder.embed_queries([question])[0]
        return similarities

    def vectors_by_text(self) -> dict[bytes, Vectors]:
        """The vectors by the digest of their text, for the next version of the index."""
        return {text_digest(chunk.text): vector for chunk, vector in zip(self.chunks, self.vectors, strict=True)}
