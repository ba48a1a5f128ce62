"""From a document to its chunks."""

from __future__ import annotations

from collections.abc import Iterator

from modelops.rag.chunking.code import CODE_TYPES, spans_of_code
from modelops.rag.chunking.sections import spans_by_heading
from modelops.rag.chunking.settings import ChunkSettings, Strategy
from modelops.rag.chunking.spans import Span, spans_by_sentence, spans_by_token
from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document

# Read as Markdown, whatever they were; see modelops.rag.reading.
_WITH_HEADINGS = frozenset(
    (
        "text/markdown",
        "text/html",
        "application/x-ipynb+json",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    )
)


def chunks_of(document: Document, settings: ChunkSettings) -> list[Chunk]:
    """The chunks of a document, in order of where they begin.

    Each stands in the document's text as it is, and together they leave out no letter and no digit. None has more
    tokens than the settings allow, unless a single character has.
    """
    return [
        Chunk(document.source, begin, end, document.text[begin:end], document.page_at(begin), headings)
        for (begin, end), headings in _spans(document, settings)
        if document.text[begin:end].strip()  # U+001C to U+001F are space to Python, and not to all
    ]


def strategy_for(document: Document, strategy: Strategy = "auto") -> Strategy:
    """How a document is cut: what ``auto`` means for it, and ``sentence`` for ``code`` without a grammar."""
    if strategy == "auto":
        if document.media_type in _WITH_HEADINGS:
            return "heading"
        return "code" if document.media_type in CODE_TYPES else "sentence"
    return "sentence" if strategy == "code" and document.media_type not in CODE_TYPES else strategy


def _spans(document: Document, settings: ChunkSettings) -> Iterator[tuple[Span, tuple[str, ...]]]:
    text = document.text
    strategy = strategy_for(document, settings.strategy)
    if strategy == "heading":
        yield from spans_by_heading(text, settings)
    elif strategy == "code":
        yield from spans_of_code(text, document.media_type, settings)
    else:
        cut = spans_by_token if strategy == "token" else spans_by_sentence
        for span in cut(text, (0, len(text)), settings):
            yield span, ()
