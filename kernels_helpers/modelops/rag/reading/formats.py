"""Tells what a document is: by the bytes it begins with, then by what its server says, then by its name."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath

from modelops.rag.reading.reasons import NotRead, Reason

PDF = "application/pdf"
HTML = "text/html"
MARKDOWN = "text/markdown"
NOTEBOOK = "application/x-ipynb+json"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PLAIN = "text/plain"

_SUFFIXES = {
    ".pdf": PDF,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".ipynb": NOTEBOOK,
    ".docx": DOCX,
    ".py": "text/x-python",
    ".pyi": "text/x-python",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".cjs": "text/javascript",
    ".jsx": "text/javascript",
    ".ts": "text/x-typescript",
    ".tsx": "text/x-tsx",
    ".java": "text/x-java",
    ".c": "text/x-c",
    ".h": "text/x-c",
    ".cc": "text/x-c++",
    ".cpp": "text/x-c++",
    ".cxx": "text/x-c++",
    ".hpp": "text/x-c++",
    ".go": "text/x-go",
    ".rs": "text/x-rust",
}
_BY_SERVER = {PDF, HTML, MARKDOWN, DOCX, NOTEBOOK}
_ALIASES = {"application/xhtml+xml": HTML, "text/x-markdown": MARKDOWN}

# Formats that hold text which nothing here takes out of them, and what to do instead.
_OTHER_WORDS = dict.fromkeys((".doc", ".odt", ".rtf", ".pages", ".wpd"), "Save it as .docx or PDF.")
_OTHER_SLIDES = dict.fromkeys((".ppt", ".pptx", ".odp", ".key"), "Save it as PDF.")
_OTHER_TABLES = dict.fromkeys((".xls", ".xlsx", ".ods", ".parquet"), "Save it as .csv, or register it as a dataset.")
_OTHER_BOOKS = dict.fromkeys((".epub", ".mobi", ".djvu", ".ps"), "Save it as PDF or HTML.")
_ARCHIVES = dict.fromkeys((".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".zst"), "Unpack it first.")
_UNSUPPORTED = {**_OTHER_WORDS, **_OTHER_SLIDES, **_OTHER_TABLES, **_OTHER_BOOKS, **_ARCHIVES}

# Python's own table: what the machine adds to it would make the same document another one elsewhere.
_KNOWN = mimetypes.MimeTypes()

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"


def media_type(head: bytes, name: str, declared: str = "") -> str:
    """The media type that decides how a document is read.

    ``head`` holds its first kilobyte or more, ``declared`` what a server calls it. Raises :class:`NotRead` for a
    format that is known and not read here.
    """
    suffix = PurePosixPath(name).suffix.lower()
    declared = _ALIASES.get(declared, declared)
    if b"%PDF-" in head[:1024] and (head.startswith(b"%PDF-") or PDF in (declared, _SUFFIXES.get(suffix))):
        return PDF
    if DOCX in (declared, _SUFFIXES.get(suffix)):
        if head.startswith(_OLE):
            raise NotRead(Reason.ENCRYPTED, "It is a Word file with a password. Save it without one.")
        return DOCX
    if suffix in _UNSUPPORTED:
        raise NotRead(Reason.UNSUPPORTED_FORMAT, f"Files of the kind {suffix} are not read. {_UNSUPPORTED[suffix]}")
    if declared in _BY_SERVER:
        return declared
    if kind := _other_kind(declared, name):
        raise NotRead(Reason.UNSUPPORTED_FORMAT, f"It is {kind}, which has no text to index.")
    if head.startswith((_OLE, _ZIP)):
        raise NotRead(Reason.BINARY, "It is an archive or an Office file under another name.")
    return _SUFFIXES.get(suffix, PLAIN)


def _other_kind(declared: str, name: str) -> str:
    guessed = declared or ("" if PurePosixPath(name).suffix.lower() in _SUFFIXES else _KNOWN.guess_type(name)[0])
    group = (guessed or "").partition("/")[0]
    if guessed == "image/svg+xml":
        group = "image"
    return {"image": "an image", "audio": "a sound", "video": "a film", "font": "a font"}.get(group, "")
