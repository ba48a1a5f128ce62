"""Where the sentences of a text begin and end: of answers, and of passages, Markdown and code lines included."""

from __future__ import annotations

import re
from collections.abc import Iterator

MARKER = r"\[\d{1,3}(?:\s*[,;\u2013-]\s*\d{1,3})*\]"
"""A citation as it is shown."""

_BLOCK = re.compile(r"\n[ \t]*\n\s*|\n(?=[ \t]*(?:[-*+•|#>]|\d{1,3}[.)])[ \t])")
"""Between paragraphs, and before the items of lists, rows of tables, headings and quotations."""
_END = re.compile(
    rf"(?:[.!?…]+[\"'\u201d\u2019»)*_]*|[。\uff01\uff1f]+[」』\u201d]*)(?:\s*{MARKER})*(?:\s+|(?<=[。\uff01\uff1f」』])(?=\S))"
)
_SHORT = re.compile(
    r"(?:(?<![^\n])[ \t]*\d{1,3}|(?<![^\s(\[])(?:[^\W\d_]|e\.g|i\.e|z\.\s?B|d\.\s?h|u\.\s?a"
    r"|Dr|Mrs?|Ms|Prof|St|vs|[Ff]igs?|No|Nr|Vol|pp?|ca|al|cf|bzw|resp))\.$"
)
"""What ends with a full stop and ends no sentence."""
_LONGEST_SHORT = 8
_LONGEST = 600
"""Characters of a sentence: tables and lists of words go on for pages."""


def sentence_spans(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Begin and end of each sentence behind ``start``, without the white space around it.

    Markers of citations behind a full stop belong to the sentence before them. Short forms that are not known cut a
    sentence in two, which costs nothing but a shorter quotation.
    """
    begin = start
    for cut in _cuts(text, start):
        yield from _stripped(text, begin, cut)
        begin = cut
    yield from _stripped(text, begin, len(text))


def _cuts(text: str, start: int) -> Iterator[int]:
    begin = start
    for block in _BLOCK.finditer(text, start):
        yield from _within(text, begin, block.start())
        yield block.end()
        begin = block.end()
    yield from _within(text, begin, len(text))


def _within(text: str, begin: int, end: int) -> Iterator[int]:
    for found in _END.finditer(text, begin, end):
        at = found.end()
        short = _SHORT.search(text, max(begin, found.start() - _LONGEST_SHORT), found.start() + 1)
        if at < end and not text[at].islower() and not short:
            yield from _forced(text, begin, at)
            yield at
            begin = at
    yield from _forced(text, begin, end)


def _forced(text: str, begin: int, end: int) -> Iterator[int]:
    """Cuts of what has no end for long, between words."""
    while end - begin > _LONGEST:
        space = max(text.rfind(" ", begin, begin + _LONGEST), text.rfind("\n", begin, begin + _LONGEST))
        begin = space + 1 if space > begin else begin + _LONGEST
        yield begin


def _stripped(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    part = text[begin:end]
    inner = part.strip()
    if inner:
        begin += len(part) - len(part.lstrip())
        yield begin, begin + len(inner)
