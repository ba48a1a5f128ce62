"""Everything that one index is made of, from wherever it comes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modelops.errors import InvalidInput
from modelops.rag.documents import Document, Skipped
from modelops.rag.reading.dataset_rows import read_rows
from modelops.rag.reading.finding import Found, FoundFile, find_documents
from modelops.rag.reading.limits import ReadingLimits
from modelops.rag.reading.reader import Reader
from modelops.rag.reading.reasons import NotRead, Reason


def read_documents(
    paths: Sequence[Path | str] = (),
    urls: Sequence[str] = (),
    datasets: Sequence[str] = (),
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    limits: ReadingLimits | None = None,
    known: Mapping[str, Document] | None = None,
) -> Iterator[Document | Skipped]:
    """Each document of files and folders, URLs and registered datasets, in this order; or why it is not there.

    ``known`` are documents that were read before, by their source: a file with the very bytes of one is not parsed
    again, and comes as the object that is known. What is wrong with one document never stops the others. Raises what
    :func:`find_documents` and :func:`read_rows` raise, the former before anything is read, and ``InvalidInput``
    (``no_documents``) where nothing is named.
    """
    if not (paths or urls or datasets):
        raise InvalidInput("no_documents", "No documents are named.", "Name folders, files, URLs or datasets.")
    found = find_documents(paths, include, exclude)
    return _read(found, urls, datasets, limits, known or {})


def _read(
    found: Found,
    urls: Sequence[str],
    datasets: Sequence[str],
    limits: ReadingLimits | None,
    known: Mapping[str, Document],
) -> Iterator[Document | Skipped]:
    yield from found.skipped
    with Reader(limits) as reader:
        for file in found.files:
            before = known.get(file.source)
            yield before if before and _is_still(before, file, reader.limits) else reader.read(file)
        seen = {file.source for file in found.files}
        for url in urls:
            if url in seen:
                yield NotRead(Reason.DUPLICATE_SOURCE, "It is named twice; it is read once.").of(url)
                continue
            seen.add(url)
            yield reader.read(url)
    for ref in dict.fromkeys(datasets):
        yield from read_rows(ref)


def _is_still(document: Document, file: FoundFile, limits: ReadingLimits) -> bool:
    """Whether a file holds the bytes of a document; one that cannot be read is the reader's to name."""
    try:
        if file.path.stat().st_size > limits.max_bytes:
            return False
        with file.path.open("rb") as stream:
            return document.digest == f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except OSError:
        return False
