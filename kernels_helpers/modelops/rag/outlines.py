"""The headings of Markdown, and the lines in it that are code: read by CommonMark's rules, not by looking for ``#``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)")
_MOST_CHARACTERS = 120


@dataclass(frozen=True)
class Heading:
    """A heading: ``level`` 1 is the outermost, ``start`` is where its line begins, ``end`` where the next one does."""

    level: int
    text: str
    start: int
    end: int


def headings_of(text: str) -> list[Heading]:
    """The headings of a Markdown text in order, also those underlined; not those in quotes, lists and code."""
    starts = _line_starts(text)
    tokens = _blocks().parse(text)
    return [
        Heading(int(token.tag[1:]), _plain(tokens[index + 1].content), starts[token.map[0]], starts[token.map[1]])
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]


def literal_lines(text: str) -> list[tuple[int, int]]:
    """The code blocks of a Markdown text: the first line of each, counted from 0, and the line behind it."""
    spans = [
        (token.map[0], token.map[1])
        for token in _blocks().parse(text)
        if token.type in ("fence", "code_block") and token.map
    ]
    return sorted(spans)


@cache
def _blocks() -> MarkdownIt:
    """A parser of blocks only: what stands inside of lines is not looked at, which is most of the work."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    parser.core.ruler.disable(["inline", "text_join"])
    return parser


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(min(starts[-1] + len(line) + 1, len(text)))
    return starts


def _plain(heading: str) -> str:
    line = " ".join(_EMPHASIS.sub("", heading).split())
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 1] + "…"
