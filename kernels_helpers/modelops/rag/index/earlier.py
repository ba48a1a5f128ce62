"""What an earlier version of an index knows already: documents that have not changed since, and how they were cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelops.errors import InvalidInput, NotFound
from modelops.inputs import open_artifact
from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document
from modelops.rag.index.index import Index
from modelops.rag.index.opening import open_index
from modelops.registry import VerifiedArtifact


class Earlier:
    """Spares reading and cutting what an index holds as it would come out again."""

    def __init__(self, index: Index, chunker: Mapping[str, Any], ref: str = "") -> None:
        """``chunker``: the settings of the new index, as :func:`~modelops.rag.index.build_index` is given them."""
        self.index, self.ref = index, ref
        own = index.record.chunker
        self.documents: Mapping[str, Document] = index.by_source if own.get("reading") == chunker.get("reading") else {}
        """By source; none where documents were read in another way."""
        self._chunks: dict[str, list[Chunk]] | None = None
        if own == dict(chunker):
            self._chunks = {source: [] for source in index.by_source}
            for chunk in index.chunks:
                self._chunks[chunk.source].append(chunk)

    @classmethod
    def find(cls, ref: str | None, name: str, chunker: Mapping[str, Any]) -> Earlier | None:
        """The index that ``ref`` names, otherwise the newest called ``name``; ``None`` where there is none.

        It is verified, and noted as an input. Raises what opening raises; the newest is passed over where it is none
        that can be read here.
        """
        if ref:
            return cls._of(open_artifact(ref), chunker)
        try:
            return cls._of(open_artifact(name), chunker)
        except (NotFound, InvalidInput):
            return None

    @classmethod
    def _of(cls, artifact: VerifiedArtifact, chunker: Mapping[str, Any]) -> Earlier:
        return cls(open_index(artifact), chunker, artifact.artifact.ref)

    def chunks_of(self, document: Document) -> list[Chunk] | None:
        """How a document of :attr:`documents` was cut; ``None`` for any other, and where it was cut in another way."""
        if self._chunks is None or self.documents.get(document.source) is not document:
            return None
        return self._chunks[document.source]
