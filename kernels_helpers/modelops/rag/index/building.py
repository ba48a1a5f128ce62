"""Builds an index in a working folder and moves it into place in one step: it is whole, or it is not there.

The same documents, chunks and embedder give the same bytes, also after a run that was cut off, and also where vectors
were taken over from an earlier index.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from modelops.errors import Conflict, InvalidInput
from modelops.files import fsync_folder, regular_files
from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document, Skipped
from modelops.rag.embedding import Embedded, Embedder, OnProgress, VectorJournal, embed_missing
from modelops.rag.index.index import Index
from modelops.rag.index.records import (
    CHUNKS,
    DOCUMENTS,
    RECORD,
    VECTORS,
    WORDS,
    Counts,
    EmbedderRecord,
    IndexRecord,
    SkippedRecord,
    WordsRecord,
)
from modelops.rag.index.tables import write_chunks, write_documents
from modelops.rag.index.words import write_words


@dataclass(frozen=True)
class BuildReport:
    """What was built, and what it took."""

    record: IndexRecord
    computed: int
    """Chunks that were embedded; the others' vectors were known."""
    taken_over: int
    repeated: int
    """Chunks with the text of another."""
    seconds: float
    """Of embedding."""


def build_index(
    documents: Iterable[tuple[Document, Sequence[Chunk]]],
    embedder: Embedder,
    target: Path,
    *,
    chunker: Mapping[str, Any],
    skipped: Iterable[Skipped] = (),
    bm25: WordsRecord | None = None,
    checkpoints: Path | None = None,
    previous: Index | None = None,
    on_progress: OnProgress | None = None,
) -> BuildReport:
    """Write the index of documents and their chunks to ``target``, a folder that is not there or empty.

    ``chunker`` are the settings that the chunks were cut with, as JSON. Vectors are kept in ``checkpoints`` as they are
    computed, and taken over from ``previous`` where that is of the same embedder. The order of ``documents`` makes no
    difference. Raises ``Conflict`` (``target_not_empty``), ``InvalidInput`` (``no_documents``, ``duplicate_source``,
    ``chunk_not_in_document``), and what embedding raises.
    """
    if target.exists() and any(target.iterdir()):
        raise Conflict("target_not_empty", f"{target} is not empty.", "Give a new folder.")
    rows = sorted(((document, _ordered(document, chunks)) for document, chunks in documents), key=_source)
    found, chunks, numbers = _flat(rows)
    embedded = _embed(chunks, embedder, checkpoints, previous, on_progress)
    target.parent.mkdir(parents=True, exist_ok=True)
    working = target.parent / f".{target.name}.{secrets.token_hex(8)}.building"
    try:
        working.mkdir()
        write_documents(found, working / DOCUMENTS)
        write_chunks(chunks, numbers, working / CHUNKS)
        np.save(working / VECTORS, np.ascontiguousarray(embedded.vectors, "<f4"), allow_pickle=False)
        words = write_words([chunk.text for chunk in chunks], bm25 or WordsRecord(), working / WORDS)
        record = IndexRecord(
            embedder=EmbedderRecord(
                ref=embedder.name,
                digest=embedder.digest,
                dimension=embedder.dimension,
                max_tokens=embedder.max_tokens,
            ),
            chunker=dict(chunker),
            bm25=bm25 or WordsRecord(),
            counts=Counts(
                documents=len(found), chunks=len(chunks), characters=sum(len(one.text) for one in found), words=words
            ),
            skipped=tuple(
                SkippedRecord(source=one.source, code=one.code, reason=one.reason)
                for one in sorted(skipped, key=lambda one: (one.source, one.code))
            ),
        )
        text = json.dumps(record.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        (working / RECORD).write_text(text, "utf-8")
        _settle(working)
        working.replace(target)
        fsync_folder(target.parent)
    except BaseException:
        shutil.rmtree(working, ignore_errors=True)
        raise
    return BuildReport(record, embedded.computed, embedded.taken_over, embedded.repeated, embedded.seconds)


def _source(row: tuple[Document, list[Chunk]]) -> str:
    return row[0].source


def _ordered(document: Document, chunks: Sequence[Chunk]) -> list[Chunk]:
    for chunk in chunks:
        if chunk.source != document.source or document.text[chunk.start : chunk.end] != chunk.text or not chunk.text:
            raise InvalidInput(
                "chunk_not_in_document",
                f"A chunk of {document.source} does not stand in its text from {chunk.start} to {chunk.end}.",
                "Chunks are cut from a document's text as it is.",
            )
    return sorted(chunks, key=lambda chunk: (chunk.start, chunk.end))


def _flat(rows: Sequence[tuple[Document, list[Chunk]]]) -> tuple[list[Document], list[Chunk], list[int]]:
    documents = [document for document, _ in rows]
    sources = [document.source for document in documents]
    for one, other in pairwise(sources):
        if one == other:
            raise InvalidInput("duplicate_source", f"Two documents are called {one}.", "Give each a name of its own.")
    chunks = [chunk for _, some in rows for chunk in some]
    if not chunks:
        raise InvalidInput(
            "no_documents", "There is nothing to index: no document has a text.", "See what was skipped, and why."
        )
    return documents, chunks, [number for number, (_, some) in enumerate(rows) for _ in some]


def _embed(
    chunks: Sequence[Chunk],
    embedder: Embedder,
    checkpoints: Path | None,
    previous: Index | None,
    on_progress: OnProgress | None,
) -> Embedded:
    journal = VectorJournal(checkpoints, digest=embedder.digest, dimension=embedder.dimension) if checkpoints else None
    same = previous is not None and previous.record.embedder.digest == embedder.digest
    known = previous.vectors_by_text() if previous is not None and same else {}
    return embed_missing(
        [chunk.text for chunk in chunks], embedder, known=known, journal=journal, on_progress=on_progress
    )


def _settle(folder: Path) -> None:
    """Make every file of a folder durable."""
    for _, path in regular_files(folder):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    fsync_folder(folder / WORDS)
    fsync_folder(folder)
