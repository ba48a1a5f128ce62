"""The citations of an answer: what each number stands for, and the sentence there that supports the one here best."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modelops.rag.answering.refusals import is_refusal
from modelops.rag.answering.safe import SafeReader
from modelops.rag.answering.sentences import sentence_spans
from modelops.rag.answering.support import Highlight, best_sentence
from modelops.rag.retrieval import Hit

_WRITTEN = re.compile(r"\[\s*(?:passages?\s+)?(\d{1,3}(?:\s*(?:[,;\u2013-]|and)\s*\d{1,3})*)\s*\]", re.IGNORECASE)
_PART = re.compile(r"(\d{1,3})(?:\s*[\u2013-]\s*(\d{1,3}))?")
_WORD = re.compile(r"\w")


@dataclass(frozen=True)
class Citation:
    """One number behind a sentence of an answer, and the passage that it stands for."""

    number: int
    """Of the passage, from 1, as the model was given it."""
    at: int
    """Where ``[number]`` stands in the answer's text."""
    sentence: tuple[int, int]
    """Where the sentence that it is put to begins and ends in the answer's text."""
    hit: Hit
    highlight: Highlight | None
    """``None`` where no sentence of the passage shares a word with the answer's."""

    def as_json(self) -> dict[str, Any]:
        """The citation as a JSON object; ``start`` and ``end`` are the passage's in the document's text."""
        chunk, highlight = self.hit.chunk, self.highlight
        return {
            "number": self.number,
            "at": self.at,
            "sentence": {"start": self.sentence[0], "end": self.sentence[1]},
            "source": chunk.source,
            "title": self.hit.document.title,
            "page": chunk.page,
            "headings": list(chunk.headings),
            "start": chunk.start,
            "end": chunk.end,
            "highlight": highlight
            and {
                "start": highlight.start,
                "end": highlight.end,
                "page": self.hit.document.page_at(highlight.start) or chunk.page,
                "text": highlight.text,
                "share": highlight.share,
            },
        }


@dataclass(frozen=True)
class Answer:
    """An answer as it may be shown: nothing in it is active, and every number stands for a passage."""

    text: str
    """Markdown; each citation is written ``[1]``, several as ``[1][2]``."""
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    """The passages that the model was given; the first is number 1."""
    removed: int = 0
    """Citations of passages that it was not given."""

    @property
    def refused(self) -> bool:
        """Whether it says that the documents hold no answer."""
        return is_refusal(self.text)

    @property
    def cited(self) -> list[int]:
        """The numbers of the passages that are cited, each once, in the order of the text."""
        return list(dict.fromkeys(citation.number for citation in self.citations))

    def as_json(self) -> dict[str, Any]:
        """The answer as a JSON object."""
        return {
            "text": self.text,
            "refused": self.refused,
            "citations": [citation.as_json() for citation in self.citations],
            "removed_citations": self.removed,
        }


@dataclass(frozen=True)
class Text:
    """A piece of the answer's text."""

    text: str


def cite(text: str, hits: Sequence[Hit]) -> Answer:
    """The answer that a model wrote, whose prompt held ``hits``."""
    reader = AnswerReader(hits)
    for _ in reader.feed(text):
        pass
    for _ in reader.close():
        pass
    return reader.answer


class AnswerReader:
    """Reads an answer while it comes: gives text that may be shown, and each citation once its sentence has ended.

    In how many pieces it comes makes no difference to the text, the citations, and :attr:`answer`.
    """

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._hits = tuple(hits)
        self._safe = SafeReader()
        self._text = ""
        self._space = ""
        self._removed = 0
        self._settled = 0
        self._waiting: list[tuple[int, int]] = []
        self._citations: list[Citation] = []

    @property
    def answer(self) -> Answer:
        """What has come so far; whole after :meth:`close`."""
        return Answer(self._text, tuple(self._citations), self._hits, self._removed)

    def feed(self, text: str) -> Iterator[Text | Citation]:
        """Take more of what the model writes."""
        for piece in self._safe.feed(text):
            yield from self._show(piece.text, piece.literal)
        yield from self._settle(final=False)

    def close(self) -> Iterator[Text | Citation]:
        """It has ended."""
        for piece in self._safe.close():
            yield from self._show(piece.text, piece.literal)
        yield from self._settle(final=True)

    def _show(self, text: str, literal: bool) -> Iterator[Text]:
        shown = text if literal else self._with_citations(text)
        # Space that ends a piece waits, as it goes with a citation that is removed.
        whole = self._space + shown
        kept = whole.rstrip(" ") if not literal else whole
        self._space = whole[len(kept) :]
        if kept:
            self._text += kept
            yield Text(kept)

    def _with_citations(self, text: str) -> str:
        parts, done = list[str](), 0
        for found in _WRITTEN.finditer(text):
            parts.append(text[done : found.start()])
            known = [number for number in self._numbers(found[1]) if number <= len(self._hits)]
            if not known:
                before = self._space + "".join(parts)
                parts = [before.rstrip(" ")]
                self._space = ""
            for number in known:
                at = len(self._text) + len(self._space) + sum(map(len, parts))
                self._waiting.append((number, at))
                parts.append(f"[{number}]")
            done = found.end()
        return "".join([*parts, text[done:]])

    def _numbers(self, written: str) -> list[int]:
        """The numbers of one citation; those of no passage are counted."""
        numbers = list[int]()
        for first, last in _PART.findall(written):
            numbers += range(int(first), int(last or first) + 1) or [int(first), int(last)]
        known = [number for number in dict.fromkeys(numbers) if 1 <= number <= len(self._hits)]
        self._removed += len(set(numbers)) - len(known)
        return known

    def _settle(self, final: bool) -> Iterator[Citation]:
        """The citations whose sentence has ended: another has begun."""
        if not self._waiting:
            return
        spans = list(sentence_spans(self._text, self._settled))
        ended = len(spans) if final else len(spans) - 1
        if not final and spans and not _WORD.search(self._text, *spans[-1]):
            ended -= 1
        for begin, end in spans[: max(0, ended)]:
            while self._waiting and self._waiting[0][1] < end:
                number, at = self._waiting.pop(0)
                hit = self._hits[number - 1]
                citation = Citation(number, at, (begin, end), hit, best_sentence(self._text[begin:end], hit))
                self._citations.append(citation)
                yield citation
            self._settled = end
