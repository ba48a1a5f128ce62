"""Opens an index: what is inside fits together, and its vectors are those of the embedder that asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from modelops.errors import InvalidInput, NonFinite, VerificationError
from modelops.inputs import open_artifact
from modelops.rag.embedding import Embedder, Vectors, open_embedder
from modelops.rag.index.index import Index
from modelops.rag.index.records import CHUNKS, DOCUMENTS, RECORD, VECTORS, WORDS, IndexRecord, damaged
from modelops.rag.index.tables import read_chunks, read_documents
from modelops.rag.index.words import read_words
from modelops.registry import VerifiedArtifact

_LENGTH = 1e-3
"""How far a vector's length may be from 1."""


def open_index(source: str | Path | VerifiedArtifact, embedder: Embedder | None = None) -> Index:
    """The index that a reference names, an artifact that was opened, or a folder.

    Without an embedder it is searched by words alone. Raises ``VerificationError`` (``embedder_differs``) for an
    embedder other than its own, ``InvalidInput`` (``not_an_index``, ``index_format``, ``index_damaged``), ``NonFinite``
    for vectors that are not, and what opening an artifact raises.
    """
    if isinstance(source, str):
        source = open_artifact(source)
    if isinstance(source, VerifiedArtifact) and source.artifact.kind != "index":
        artifact = source.artifact
        raise InvalidInput("not_an_index", f"{artifact.ref} is of kind {artifact.kind}.", "Choose an index.")
    folder = source if isinstance(source, Path) else source.path
    record = read_record(folder / RECORD)
    if embedder is not None:
        require_embedder(record, embedder)
    documents = read_documents(folder / DOCUMENTS)
    chunks, numbers = read_chunks(folder / CHUNKS, documents)
    counts = record.counts
    if (len(documents), len(chunks)) != (counts.documents, counts.chunks):
        raise damaged(
            f"it holds {len(documents)} documents and {len(chunks)} chunks, and says {counts.documents} and "
            f"{counts.chunks}"
        )
    return Index(
        record,
        documents,
        chunks,
        np.asarray(numbers, np.int32),
        _read_vectors(folder / VECTORS, record),
        read_words(folder / WORDS, len(chunks)),
        embedder,
    )


def open_with_embedder(source: str | VerifiedArtifact) -> Index:
    """An index, and the very model that embedded it, loaded here from the registry.

    Raises ``VerificationError`` (``embedder_differs``) where that name stands for another model by now, and what
    opening either raises.
    """
    index = open_index(source)
    embedder = open_embedder(index.record.embedder.ref)
    require_embedder(index.record, embedder)
    return replace(index, embedder=embedder)


def read_record(path: Path) -> IndexRecord:
    """What an index says of itself, in its file; raises ``InvalidInput`` (``not_an_index``, ``index_format``)."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput("not_an_index", f"There is no {RECORD}.", "Choose an index.") from error
    try:
        return IndexRecord.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(
            "index_format",
            f"{RECORD} is not one that is understood here: {'.'.join(map(str, first['loc']))}: {first['msg']}.",
            "Build the index again, or use the release that built it.",
        ) from error


def require_embedder(record: IndexRecord, embedder: Embedder) -> None:
    """Raise ``VerificationError`` (``embedder_differs``) unless the vectors of an index are this embedder's."""
    own = record.embedder
    if embedder.digest == own.digest:
        return
    raise VerificationError(
        "embedder_differs",
        f"The index was made with {own.ref} ({own.digest[:12]}…), not with {embedder.name} ({embedder.digest[:12]}…): "
        "their vectors cannot be compared.",
        f"Search it with {own.ref}, or build it again with {embedder.name}.",
        expected=own.digest,
        found=embedder.digest,
    )


def _read_vectors(path: Path, record: IndexRecord) -> Vectors:
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise damaged(f"{path.name} cannot be read ({str(error)[:200]})") from error
    expected = (record.counts.chunks, record.embedder.dimension)
    if vectors.shape != expected or vectors.dtype != np.float32:
        raise damaged(f"{path.name} holds {vectors.dtype} of shape {vectors.shape}, not float32 of {expected}")
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    if not np.isfinite(lengths).all():
        raise NonFinite(f"{int((~np.isfinite(lengths)).sum())} vectors of the index hold NaN or infinity.")
    if np.abs(lengths - 1).max(initial=0) > _LENGTH:
        raise damaged("its vectors do not have length 1")
    found: Vectors = vectors
    return found
