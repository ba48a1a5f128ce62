"""Documents and chunks as Parquet files, the same bytes for the same content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelops.errors import Unavailable
from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document
from modelops.rag.index.records import damaged

_OPTIONS = {"compression": "zstd", "compression_level": 3, "write_statistics": False, "store_schema": False}


def write_documents(documents: Sequence[Document], path: Path) -> None:
    """One row for each document, its text included."""
    arrow, parquet = _import_arrow()
    columns = {
        "source": arrow.array([one.source for one in documents], arrow.string()),
        "digest": arrow.array([one.digest for one in documents], arrow.string()),
        "media_type": arrow.array([one.media_type for one in documents], arrow.string()),
        "title": arrow.array([one.title for one in documents], arrow.string()),
        "text": arrow.array([one.text for one in documents], arrow.large_string()),
        "page_starts": arrow.array([list(one.page_starts) for one in documents], arrow.list_(arrow.int64())),
    }
    parquet.write_table(arrow.table(columns), path, use_dictionary=["media_type"], **_OPTIONS)


def write_chunks(chunks: Sequence[Chunk], numbers: Sequence[int], path: Path) -> None:
    """One row for each chunk, whose text is that of its document (the row with this number) between start and end."""
    arrow, parquet = _import_arrow()
    columns = {
        "document": arrow.array(numbers, arrow.int32()),
        "start": arrow.array([one.start for one in chunks], arrow.int64()),
        "end": arrow.array([one.end for one in chunks], arrow.int64()),
        "page": arrow.array([one.page for one in chunks], arrow.int32()),
        "headings": arrow.array([list(one.headings) for one in chunks], arrow.list_(arrow.string())),
    }
    parquet.write_table(arrow.table(columns), path, use_dictionary=["headings.list.element"], **_OPTIONS)


def read_documents(path: Path) -> list[Document]:
    """The documents; raises ``InvalidInput`` (``index_damaged``)."""
    rows = _read(path, "source", "digest", "media_type", "text", "title", "page_starts")
    return [
        Document(source, digest, media_type, text, title, tuple(page_starts))
        for source, digest, media_type, text, title, page_starts in rows
    ]


def read_chunks(path: Path, documents: Sequence[Document]) -> tuple[list[Chunk], list[int]]:
    """The chunks, and the number of each one's document; raises ``InvalidInput`` (``index_damaged``)."""
    chunks, numbers = [], []
    for number, start, end, page, headings in _read(path, "document", "start", "end", "page", "headings"):
        if not (0 <= number < len(documents) and 0 <= start < end <= len(documents[number].text)):
            raise damaged("a chunk lies outside of its document")
        document = documents[number]
        chunks.append(Chunk(document.source, start, end, document.text[start:end], page, tuple(headings)))
        numbers.append(number)
    return chunks, numbers


def _read(path: Path, *columns: str) -> list[tuple[Any, ...]]:
    arrow, parquet = _import_arrow()
    try:
        table = parquet.read_table(path, columns=list(columns), use_threads=False, partitioning=None)
        return list(zip(*(table.column(name).to_pylist() for name in columns), strict=True))
    except (OSError, KeyError, ValueError, arrow.ArrowException) as error:
        raise damaged(f"{path.name} cannot be read ({str(error)[:200]})") from error


def _import_arrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise Unavailable(
            "rag_not_installed",
            "An index is read and written with pyarrow, which is not installed in this environment.",
            "Install it with: pip install 'jupyterlab-modelops[rag]'",
        ) from error
    return pa, parquet
