"""Where a text is cut: spans of it, in order, that leave out nothing but white space between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from modelops.rag.chunking.settings import ChunkSettings

Span = tuple[int, int]

# Cutting text that has no places to be cut at takes time by the square of its length; 50,000 characters take 0.1 s.
_BLOCK = 50_000
_SMALL = 4
"""Which part of a chunk's size is small."""

_WORD = re.compile(r"\S+")


def spans_by_sentence(text: str, within: Span, settings: ChunkSettings) -> Iterator[Span]:
    """Whole paragraphs as far as they fit, else whole sentences, else words."""
    from semantic_text_splitter import TextSplitter

    yield from _split(TextSplitter, text, within, settings)


def spans_of_markdown(text: str, within: Span, settings: ChunkSettings) -> Iterator[Span]:
    """As by sentence, and whole lists, code blocks and tables as far as they fit."""
    from semantic_text_splitter import MarkdownSplitter

    yield from _split(MarkdownSplitter, text, within, settings)


def spans_by_token(text: str, within: Span, settings: ChunkSettings) -> Iterator[Span]:
    """As many words as fit, wherever sentences end; a word that is too large alone is cut."""
    words = list(_words(text, within, settings))

    def size(first: int, behind: int) -> int:
        return settings.size_of(text[words[first][0] : words[behind - 1][1]])

    first = 0
    while first < len(words):
        behind = _furthest(
            first + 1, len(words), partial(lambda first, i: size(first, i) <= settings.chunk_size, first)
        )
        yield words[first][0], words[behind - 1][1]
        if behind == len(words):
            return
        # One word more than was repeated, or there would be no end.
        repeats = partial(lambda behind, n: size(behind - n, behind) <= settings.overlap, behind)
        first = behind - _furthest(0, behind - first - 1, repeats)


def _words(text: str, within: Span, settings: ChunkSettings) -> Iterator[Span]:
    for found in _WORD.finditer(text, *within):
        begin, end = found.span()
        while begin < end:
            cut = end
            if not settings.fits(text[begin:end]):
                cut = _furthest(begin + 1, end, partial(lambda begin, i: settings.fits(text[begin:i]), begin))
            yield begin, cut
            begin = cut


def joined(spans: Iterable[Span], text: str, settings: ChunkSettings) -> Iterator[Span]:
    """Spans with the small ones made part of the one before or behind, as far as both fit.

    Cutting at borders of a syntax leaves some of a line or two, which say little alone. Those without any letter or
    digit, such as the end of a code block, are left out.
    """
    small = settings.chunk_size // _SMALL
    last: Span | None = None
    last_is_small = False
    for span in spans:
        is_small = settings.count_tokens(text[slice(*span)]) <= small
        if last is None:
            last, last_is_small = span, is_small
        elif (is_small or last_is_small) and settings.fits(text[last[0] : span[1]]):
            last = last[0], span[1]
            last_is_small = settings.count_tokens(text[slice(*last)]) <= small
        else:
            if _says_something(text, last):
                yield last
            last, last_is_small = span, is_small
    if last is not None and _says_something(text, last):
        yield last


def _says_something(text: str, span: Span) -> bool:
    return any(map(str.isalnum, text[slice(*span)]))


def _furthest(least: int, most: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to ``most`` that fits, ``least`` whether it does or not; larger ones do not fit either."""
    step = 1
    while least < most:
        tried = min(least + step, most)
        if fits(tried):
            least, step = tried, step * 2
        elif step == 1:
            return least
        else:
            most, step = tried - 1, max(1, step // 4)
    return least


def _split(splitter: Any, text: str, within: Span, settings: ChunkSettings) -> Iterator[Span]:
    cutting = splitter.from_callback(settings.size_of, settings.chunk_size, overlap=settings.overlap)
    for begin, end in _blocks(text, within):
        for offset, chunk in cutting.chunk_indices(text[begin:end]):
            yield begin + offset, begin + offset + len(chunk)


def _blocks(text: str, within: Span) -> Iterator[Span]:
    """Parts of at most ``_BLOCK`` characters, cut between paragraphs, else lines, else words where there are any."""
    begin, end = within
    while end - begin > _BLOCK:
        half = begin + _BLOCK // 2
        for border in ("\n\n", "\n", " "):
            cut = text.rfind(border, half, begin + _BLOCK)
            if cut >= 0:
                break
        else:
            cut = begin + _BLOCK
        yield begin, cut
        begin = cut
    yield begin, end
