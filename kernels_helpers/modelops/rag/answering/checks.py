"""What can be said of an answer without a judge: by the letters that stand in it and in its passages.

None of this knows what a sentence means: an answer can pass and be wrong, and fail and be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modelops.rag.answering.citations import Answer
from modelops.rag.answering.content import containment, content_words, language_of, numbers_of
from modelops.rag.answering.sentences import sentence_spans
from modelops.rag.answering.support import SUPPORTED, without_markers
from modelops.rag.index import words_of
from modelops.rag.retrieval import Hit

_QUOTE = re.compile(
    '"([^"\\n]+)"|\u201c([^\u201d\\n]+)\u201d|\u201e([^\u201c\u201d\\n]+)[\u201c\u201d]|\xab([^\xbb\\n]+)\xbb'
)
_SHORTEST_QUOTE = 3
"""Words; fewer in quotation marks are a name or a word rather than a quotation."""
_LIST_NUMBER = re.compile(r"^\s*\d{1,3}[.)]\s")


@dataclass(frozen=True)
class SentenceCheck:
    """One sentence of an answer."""

    start: int
    end: int
    cited: tuple[int, ...]
    """The passages that are cited for it."""
    support: float | None
    """The share of its content words that stand in those passages; ``None`` where it has none, or cites none."""
    quotes_missing: tuple[str, ...]
    """What it quotes that does not stand in them word for word; without a citation, in any passage."""
    numbers_missing: tuple[str, ...]
    """Numbers that stand neither in them nor in the question."""

    @property
    def supported(self) -> bool:
        """Whether enough of its words stand in the passages that it cites."""
        return self.support is not None and self.support >= SUPPORTED


@dataclass(frozen=True)
class AnswerCheck:
    """One answer."""

    refused: bool
    """It says that the documents hold no answer; then there are no sentences to check."""
    citations: int
    citations_removed: int
    """Citations of passages that were not given."""
    quotes: int
    numbers: int
    sentences: tuple[SentenceCheck, ...]
    """Those that say something: with content words, and not in code."""

    @property
    def uncited(self) -> int:
        """Sentences without a citation."""
        return sum(not sentence.cited for sentence in self.sentences)

    @property
    def supported(self) -> int:
        """Sentences with enough words in what they cite."""
        return sum(sentence.supported for sentence in self.sentences)

    @property
    def support(self) -> float | None:
        """The mean over the sentences, 0 for those that cite nothing; ``None`` where there are none."""
        shares = [sentence.support or 0.0 for sentence in self.sentences]
        return sum(shares) / len(shares) if shares else None

    @property
    def quotes_missing(self) -> int:
        return sum(len(sentence.quotes_missing) for sentence in self.sentences)

    @property
    def numbers_missing(self) -> int:
        return sum(len(sentence.numbers_missing) for sentence in self.sentences)

    def as_json(self) -> dict[str, Any]:
        """The check as a JSON object."""
        return {
            **asdict(self),
            "uncited": self.uncited,
            "supported": self.supported,
            "support": self.support,
            "quotes_missing": self.quotes_missing,
            "numbers_missing": self.numbers_missing,
        }


@dataclass(frozen=True)
class CheckSummary:
    """Many answers: how many of how many."""

    answers: int
    refused: int
    sentences: int
    """Of the answers that do not refuse."""
    uncited: int
    supported: int
    citations: int
    citations_removed: int
    quotes: int
    quotes_missing: int
    numbers: int
    numbers_missing: int


def check(answer: Answer, question: str = "") -> AnswerCheck:
    """Check an answer against the passages that it was given. Numbers of the question are not asked for."""
    sentences, quotes, numbers = list[SentenceCheck](), 0, 0
    refused = answer.refused
    for begin, end in [] if refused else sentence_spans(answer.text):
        text = _LIST_NUMBER.sub("", without_markers(answer.text[begin:end]))
        cited = tuple(dict.fromkeys(one.number for one in answer.citations if begin <= one.at < end))
        passages = [answer.hits[number - 1] for number in cited] or list(answer.hits)
        quoted, counted = list(_quotes(text)), list(dict.fromkeys(numbers_of(text)))
        quotes, numbers = quotes + len(quoted), numbers + len(counted)
        language = language_of(" ".join(hit.chunk.text for hit in passages))
        words = content_words(text, language)
        if not words:
            continue
        sentences.append(
            SentenceCheck(
                start=begin,
                end=end,
                cited=cited,
                support=containment(words, _words_in(passages, language)) if cited else None,
                quotes_missing=tuple(quote for quote in quoted if not any(_stands_in(quote, hit) for hit in passages)),
                numbers_missing=_missing(counted, passages, question),
            )
        )
    return AnswerCheck(refused, len(answer.citations), answer.removed, quotes, numbers, tuple(sentences))


def summary(checks: Sequence[AnswerCheck]) -> CheckSummary:
    """The sums over many answers."""
    names = ("uncited", "supported", "citations", "citations_removed", "quotes", "quotes_missing", "numbers")
    return CheckSummary(
        answers=len(checks),
        refused=sum(one.refused for one in checks),
        sentences=sum(len(one.sentences) for one in checks),
        numbers_missing=sum(one.numbers_missing for one in checks),
        **{name: sum(getattr(one, name) for one in checks) for name in names},
    )


def _quotes(text: str) -> Iterator[str]:
    for found in _QUOTE.finditer(text):
        quote = next(filter(None, found.groups()))
        if len(words_of(quote)) >= _SHORTEST_QUOTE:
            yield quote


def _stands_in(quote: str, hit: Hit) -> bool:
    """Whether the words of a quotation stand one behind the other in a passage."""
    return f" {' '.join(words_of(quote))} " in f" {' '.join(words_of(hit.chunk.text))} "


def _words_in(passages: Sequence[Hit], language: str) -> set[str]:
    """With the title and headings, which a model was told and may name."""
    texts = (text for hit in passages for text in (hit.document.title, *hit.chunk.headings, hit.chunk.text))
    return set(content_words("\n".join(texts), language))


def _missing(numbers: Sequence[str], passages: Sequence[Hit], question: str) -> tuple[str, ...]:
    there = {number for text in [question, *(hit.chunk.text for hit in passages)] for number in numbers_of(text)}
    return tuple(number for number in numbers if number not in there)
