"""A passage of a document: what is embedded, found, and cited."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chunk:
    """``text`` stands in its document's text from ``start`` up to ``end``: a citation can be shown in its place."""

    source: str
    """The document's."""
    start: int
    end: int
    text: str
    page: int | None = None
    """Counted from 1; where ``start`` is."""
    headings: tuple[str, ...] = ()
    """The headings it stands under, from the outermost; for code, the names of class and function."""
