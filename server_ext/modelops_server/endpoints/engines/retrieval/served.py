"""An index in memory, and what is asked of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, NotFound
from modelops.models import inspect_embedder, is_embedder, load_embedder
from modelops.models.loading import import_transformers, quiet
from modelops.rag.embedding import LocalEmbedder
from modelops.rag.index import open_index
from modelops.rag.retrieval import Reranker, SearchSettings, search
from modelops.rag.retrieval.cross_encoder import cross_encoder
from modelops.rag.retrieval.late_interaction import LateInteractionReranker
from modelops_server.endpoints.engines.assignment import Assignment, ModelFolder


class ServedIndex:
    """An index with its embedder. One thread loads it and searches; any may look at documents."""

    def __init__(self, assignment: Assignment) -> None:
        """Load what the assignment names; raises ``InvalidInput`` or ``VerificationError`` for what does not fit."""
        own = assignment.embedder
        if own is None:
            raise InvalidInput("invalid_assignment", "An index is served with its embedding model, and none is named.")
        embedder = _embedder(own)
        self._index = open_index(Path(assignment.model), embedder)
        self._reranker = _reranker(assignment.reranker, embedder) if assignment.reranker else None
        self._chunks = Counter(chunk.source for chunk in self._index.chunks)

    @property
    def sentence(self) -> str:
        """What is served, for the log."""
        counts = self._index.record.counts
        last = f", reranked by {self._reranker.name}" if self._reranker else ""
        return f"{counts.documents:,} documents, {counts.chunks:,} chunks{last}"

    def search(self, question: str, settings: SearchSettings) -> list[dict[str, Any]]:
        """The hits, best first; raises ``InvalidInput``."""
        return [hit.as_json() for hit in search(self._index, question, settings, reranker=self._reranker)]

    def documents(self) -> dict[str, Any]:
        """What is in the index, and what was left out of it."""
        return {
            "documents": [
                {
                    "source": document.source,
                    "title": document.title,
                    "media_type": document.media_type,
                    "characters": len(document.text),
                    "chunks": self._chunks[document.source],
                }
                for document in self._index.documents
            ],
            "skipped": [skipped.model_dump() for skipped in self._index.record.skipped],
        }

    def document(self, source: str) -> dict[str, Any]:
        """One document's text, with where its pages and chunks are; raises ``NotFound`` (``unknown_document``)."""
        document = self._index.by_source.get(source)
        if document is None:
            raise NotFound("unknown_document", f"The index has no document {source[:200]!r}.", "See its documents.")
        return {
            "source": document.source,
            "title": document.title,
            "media_type": document.media_type,
            "text": document.text,
            "page_starts": list(document.page_starts),
            "chunks": [[chunk.start, chunk.end] for chunk in self._index.chunks if chunk.source == source],
        }


def _embedder(model: ModelFolder) -> LocalEmbedder:
    folder = Path(model.folder)
    with quiet(import_transformers()):
        loaded = load_embedder(folder)
    return LocalEmbedder(loaded, inspect_embedder(folder), name=model.ref, digest=model.digest)


def _reranker(model: ModelFolder, own: LocalEmbedder) -> Reranker:
    """``own`` embeds the questions: as a reranker it is not loaded a second time."""
    if not is_embedder(Path(model.folder)):
        return cross_encoder(Path(model.folder), model.ref)
    return LateInteractionReranker(own if model.digest == own.digest else _embedder(model))
