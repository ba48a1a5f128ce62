"""A document as it was read: its text, where it came from, and where its pages begin; or why it was not read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Document:
    """One text that can be cited."""

    source: str
    """What its owner calls it: the path below the folder it was found in, a URL, or ``NAME@VERSION#ROW`` of a dataset.
    No two documents of an index have the same."""
    digest: str
    """``sha256:…`` of the bytes that were read, by which a changed document is told from one that stayed."""
    media_type: str
    """Such as ``application/pdf``."""
    text: str
    """The text as it is cut into chunks, shown and cited; spans count its characters (code points)."""
    title: str = ""
    page_starts: Sequence[int] = ()
    """Where each page begins, the first at 0; empty for what has no pages."""

    def page_at(self, position: int) -> int | None:
        """The page, counted from 1, that the character at ``position`` is on."""
        return bisect_right(self.page_starts, position) or None


@dataclass(frozen=True)
class Skipped:
    """A document that is not in the index, and why."""

    source: str
    code: str
    """Such as ``encrypted``; the report counts them."""
    reason: str
    """What is wrong, and what to do, in a sentence."""
