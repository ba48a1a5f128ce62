"""Markdown cut at its headings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from modelops.rag.chunking.settings import SMALLEST_CHUNK, ChunkSettings
from modelops.rag.chunking.spans import Span, joined, spans_by_sentence, spans_of_markdown
from modelops.rag.outlines import headings_of

_NO_HEADING = 7
"""The level of what stands before the first heading: below none, above none."""


@dataclass(frozen=True)
class Section:
    """What stands under one heading, up to the next of any level."""

    start: int
    body: int
    """Where its heading ends."""
    end: int
    level: int
    path: tuple[str, ...]
    """Its heading, and those that it stands under, from the outermost."""


def spans_by_heading(text: str, settings: ChunkSettings) -> Iterator[tuple[Span, tuple[str, ...]]]:
    """Spans with the headings they stand under.

    A section that fits is one chunk, with all of those below it; no chunk reaches from one section into another that
    is not below it. A heading without text of its own goes with the first section below it.
    """
    sections = sections_of(text)
    index = 0
    start = 0
    while index < len(sections):
        section = sections[index]
        behind = next((i for i in range(index + 1, len(sections)) if sections[i].level <= section.level), len(sections))
        whole = (start, sections[behind - 1].end)
        if settings.fits(text[slice(*whole)]):
            if span := _stripped(text, whole):
                yield span, section.path
            index, start = behind, whole[1]
            continue
        index += 1
        if index < behind and not text[section.body : section.end].strip():
            continue
        for span in _cut(text, start, section, settings):
            yield span, section.path
        start = section.end


def sections_of(text: str) -> list[Section]:
    """The sections of a Markdown text in order; what stands before the first heading is one, too."""
    headings = headings_of(text)
    sections = []
    first = headings[0].start if headings else len(text)
    if text[:first].strip():
        sections.append(Section(0, 0, first, _NO_HEADING, ()))
    above: list[tuple[int, str]] = []
    ends = [*(heading.start for heading in headings[1:]), len(text)]
    for heading, end in zip(headings, ends, strict=False):
        above = [(level, title) for level, title in above if level < heading.level]
        above.append((heading.level, heading.text))
        path = tuple(title for _, title in above if title)
        sections.append(Section(heading.start, heading.end, end, heading.level, path))
    return sections


def _cut(text: str, start: int, section: Section, settings: ChunkSettings) -> Iterator[Span]:
    spans = list(joined(spans_of_markdown(text, (start, section.end), settings), text, settings))
    if len(spans) > 1 and spans[0][1] <= section.body:
        # A heading before a paragraph that is too large for a chunk was left alone, and belongs to its beginning.
        room = settings.chunk_size - settings.count_tokens(text[slice(*spans[0])])
        if room >= SMALLEST_CHUNK:
            parts = list(spans_by_sentence(text, spans[1], replace(settings, chunk_size=room, overlap=0)))
            lead = (spans[0][0], parts[0][1])
            if settings.fits(text[slice(*lead)]):
                spans[:2] = [lead, (parts[1][0], parts[-1][1])] if len(parts) > 1 else [lead]
    yield from spans


def _stripped(text: str, span: Span) -> Span | None:
    part = text[slice(*span)]
    begin = span[0] + len(part) - len(part.lstrip())
    end = begin + len(part.strip())
    return (begin, end) if begin < end else None
