"""Which passages may answer a question at all, and which of their sentences supports one of an answer best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from modelops.rag.answering.content import containment, content_words, language_of
from modelops.rag.answering.sentences import MARKER, sentence_spans
from modelops.rag.answering.settings import AnswerSettings
from modelops.rag.retrieval import Hit

_MARKERS = re.compile(MARKER)


@dataclass(frozen=True)
class Highlight:
    """The sentence of a document that supports one of an answer best, by the words they share."""

    start: int
    end: int
    text: str
    share: float
    """Of the answer's content words, those that stand in it: 0 to 1. It says nothing of what either means."""


def supporting_hits(question: str, hits: Sequence[Hit], settings: AnswerSettings) -> list[Hit]:
    """The hits that may answer a question: near enough to it, or with enough of its words.

    Where there are none, no model needs to be asked. With neither threshold, all of them may.
    """
    if settings.min_similarity is None and settings.min_words is None:
        return list(hits)
    return [hit for hit in hits if _may_answer(question, hit, settings)]


def _may_answer(question: str, hit: Hit, settings: AnswerSettings) -> bool:
    dense = hit.steps.get("dense")
    if settings.min_similarity is not None and dense is not None and dense.score >= settings.min_similarity:
        return True
    if settings.min_words is None:
        return False
    language = language_of(question)
    text = "\n".join([hit.document.title, *hit.chunk.headings, hit.chunk.text])
    asked = content_words(question, language)
    return bool(asked) and containment(asked, content_words(text, language)) >= settings.min_words


def best_sentence(claim: str, hit: Hit) -> Highlight | None:
    """The sentence of a passage with the largest share of a claim's content words; of equals the shortest, the first.

    ``None`` where no sentence has any of them.
    """
    text = hit.chunk.text
    language, sentences = _sentences(text)
    wanted = content_words(without_markers(claim), language)
    shares = [containment(wanted, words) for _, _, words in sentences]
    if not any(shares):
        return None
    place = min(range(len(shares)), key=lambda i: (-shares[i], sentences[i][1] - sentences[i][0], i))
    begin, end, _ = sentences[place]
    return Highlight(hit.chunk.start + begin, hit.chunk.start + end, text[begin:end], shares[place])


@lru_cache(maxsize=256)
def _sentences(text: str) -> tuple[str, list[tuple[int, int, frozenset[str]]]]:
    """The language of a passage, and the place and content words of each sentence: an answer may cite it often."""
    language = language_of(text)
    spans = sentence_spans(text)
    return language, [(begin, end, frozenset(content_words(text[begin:end], language))) for begin, end in spans]


def without_markers(text: str) -> str:
    """A sentence of an answer without the numbers of its citations."""
    return _MARKERS.sub("", text)
