"""What it takes to index again after one document in a hundred changed, and whether a killed run ends the same."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from common.corpora import standard_library
from modelops.files import regular_files
from modelops.rag.chunking import ChunkSettings, chunks_of
from modelops.rag.documents import Document
from modelops.rag.embedding import LocalEmbedder, open_embedder
from modelops.rag.index import Index, build_index, open_index

DOCUMENTS = 100


def measure_reindex(embedder: LocalEmbedder, folder: Path, model: str, characters: int) -> dict[str, Any]:
    """Seconds of cutting, embedding and writing, with nothing known and with an earlier index."""
    documents = some_documents(characters)
    began = time.perf_counter()
    _build(documents, embedder, folder / "first", None)
    whole = time.perf_counter() - began
    previous = open_index(folder / "first", embedder)

    changed = [
        replace(document, text=document.text + "\n# One line more.\n", digest=f"{document.digest}+")
        if place % 100 == 50
        else document
        for place, document in enumerate(documents)
    ]
    began = time.perf_counter()
    report = _build(changed, embedder, folder / "second", previous)
    again = time.perf_counter() - began
    _build(changed, embedder, folder / "anew", None)
    return {
        "documents": len(documents),
        "chunks": len(previous.chunks),
        "changed": sum(one is not other for one, other in zip(documents, changed, strict=True)),
        "embedded_again": report,
        "whole_seconds": whole,
        "again_seconds": again,
        "ratio": again / whole,
        "same_as_anew": _digest(folder / "second") == _digest(folder / "anew"),
        "same_after_kill": _killed_and_resumed(folder, model, characters) == _digest(folder / "first"),
    }


def some_documents(characters: int) -> list[Document]:
    """The beginnings of files of the standard library."""
    found = [document for document in standard_library() if len(document.text) >= characters]
    return [replace(document, text=document.text[:characters]) for document in found[:DOCUMENTS]]


def _build(documents: list[Document], embedder: LocalEmbedder, target: Path, previous: Index | None) -> int:
    """Build, cutting only what the earlier index does not hold; returns how many chunks were embedded."""
    settings = ChunkSettings(embedder.count, most=embedder.max_tokens)
    known = {document.digest: document.source for document in previous.documents} if previous else {}
    cut: dict[str, list[Any]] = {}
    for chunk in previous.chunks if previous else ():
        cut.setdefault(chunk.source, []).append(chunk)
    rows = [
        (document, cut[document.source] if document.digest in known else chunks_of(document, settings))
        for document in documents
    ]
    return build_index(rows, embedder, target, chunker=settings.as_json(), previous=previous).computed


def _killed_and_resumed(folder: Path, model: str, characters: int) -> str:
    """The digest of an index whose building was killed after some vectors, and then went on."""
    for count in (1, 0):
        call = f"build_and_die({str(folder)!r}, {model!r}, {count}, {characters})"
        code = f"from common.retrieval_reindex import build_and_die; {call}"
        path = str(Path(__file__).parents[1])
        done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=False)
        if (done.returncode == -signal.SIGKILL) != (count > 0):
            raise SystemExit(f"building ended with {done.returncode}")
    return _digest(folder / "resumed")


def build_and_die(folder: str, model: str, after: int, characters: int) -> None:
    """Build, and kill this process after so many batches; 0 builds to the end."""
    embedder, batches = open_embedder(model), 0

    def die(*_: int) -> None:
        nonlocal batches
        batches += 1
        if after and batches > after:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = ChunkSettings(embedder.count, most=embedder.max_tokens)
    rows = [(document, chunks_of(document, settings)) for document in some_documents(characters)]
    build_index(
        rows,
        embedder,
        Path(folder) / "resumed",
        chunker=settings.as_json(),
        checkpoints=Path(folder) / "kept",
        on_progress=die,
    )


def _digest(folder: Path) -> str:
    content = "".join(
        f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for name, path in regular_files(folder)
    )
    return hashlib.sha256(content.encode()).hexdigest()


def reindex_targets(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """At most a tenth of the time for a hundredth of the documents, and the same bytes."""
    same = found["same_as_anew"] and found["same_after_kill"]
    return {
        "reindex_ratio": {"value": round(found["ratio"], 3), "target": "<= 0.1", "met": found["ratio"] <= 0.1},
        "same_bytes": {"value": same, "target": "True", "met": same},
    }


def show_reindex(found: dict[str, Any]) -> None:
    """Print what was measured."""
    print(f"\n{found['documents']} documents, {found['chunks']} chunks: {found['whole_seconds']:.1f} s")
    print(
        f"again after {found['changed']} documents changed: {found['again_seconds']:.1f} s ({found['ratio']:.1%}), "
        f"{found['embedded_again']} chunks embedded"
    )
    print(f"the bytes are those of an index made anew: {found['same_as_anew']}")
    print(f"killed and resumed, they are those of one that was not: {found['same_after_kill']}")
