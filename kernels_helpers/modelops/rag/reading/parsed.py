"""What a parser makes of a document's bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parsed:
    """Visible text, with headings as lines of ``#`` where the format has headings."""

    text: str
    title: str = ""
    page_starts: tuple[int, ...] = ()
