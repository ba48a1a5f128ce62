"""From a document's bytes to its text, by what it is."""

from __future__ import annotations

import hashlib
import io
import tokenize
from pathlib import PurePosixPath

from modelops.errors import Unavailable
from modelops.rag.documents import Document
from modelops.rag.reading import formats
from modelops.rag.reading.cleaning import visible_text
from modelops.rag.reading.encodings import decode
from modelops.rag.reading.limits import ReadingLimits
from modelops.rag.reading.parsed import Parsed
from modelops.rag.reading.reasons import NotRead, Reason
from modelops.units import human_bytes


def parse(
    source: str,
    raw: bytes,
    limits: ReadingLimits,
    *,
    name: str = "",
    declared: str = "",
    charset: str | None = None,
) -> Document:
    """The document of these bytes; raise :class:`NotRead` with the reason where there is none.

    ``name`` is its file's, ``declared`` and ``charset`` are what a server says of it. Raises ``Unavailable``
    (``package_missing``) where the extra ``rag`` is not installed.
    """
    if not raw.strip():
        raise NotRead(Reason.EMPTY, "It holds nothing.")
    media_type = formats.media_type(raw[:4096], name or source, declared)
    try:
        parsed = _parsed(media_type, raw, charset, limits)
    except ModuleNotFoundError as error:
        raise Unavailable(
            "package_missing",
            f"Documents are read with the package {error.name}, which is not installed here.",
            "pip install 'jupyterlab-modelops[rag]'",
        ) from error
    if not parsed.text.strip():
        raise NotRead(Reason.EMPTY, "It has no visible text.")
    if len(parsed.text) > limits.max_unpacked_bytes:
        raise NotRead(
            Reason.UNPACKS_TOO_LARGE,
            f"Its text would have {len(parsed.text):,} characters; the limit is {limits.max_unpacked_bytes:,}.",
        )
    digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    title = parsed.title or PurePosixPath(name or source).name
    return Document(source, digest, media_type, parsed.text, title, parsed.page_starts)


def check_size(size: int, limits: ReadingLimits) -> None:
    """Raise :class:`NotRead` for more bytes than are read."""
    if size > limits.max_bytes:
        raise NotRead(
            Reason.TOO_LARGE,
            f"It has {human_bytes(size)}; the limit is {human_bytes(limits.max_bytes)}. Split it, or raise the limit.",
        )


def _parsed(media_type: str, raw: bytes, charset: str | None, limits: ReadingLimits) -> Parsed:
    # Each format's parser is loaded when the first such document comes.
    if media_type == formats.PDF:
        from modelops.rag.reading.pdf_files import read_pdf

        return read_pdf(raw)
    if media_type == formats.DOCX:
        from modelops.rag.reading.word_files import read_docx

        return read_docx(raw, limits)
    if media_type == formats.HTML:
        from modelops.rag.reading.html_pages import read_html

        return read_html(raw, charset)
    if media_type in (formats.MARKDOWN, formats.NOTEBOOK):
        from modelops.rag.reading.markdown_files import read_markdown, read_notebook

        text = decode(raw, charset)
        return read_markdown(text) if media_type == formats.MARKDOWN else read_notebook(text)
    declared = _coding(raw) if media_type == "text/x-python" else charset
    return Parsed(visible_text(decode(raw, declared)))


def _coding(raw: bytes) -> str | None:
    """What the first lines of a Python file say of its encoding (PEP 263)."""
    try:
        return tokenize.detect_encoding(io.BytesIO(raw).readline)[0]
    except (SyntaxError, UnicodeDecodeError):
        return None
