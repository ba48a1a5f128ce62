"""Where the sentences of an answer stand for which the model cited nothing: found by their words, and said to be so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelops.rag.answering.citations import Answer
from modelops.rag.answering.content import content_words, language_of
from modelops.rag.answering.sentences import sentence_spans
from modelops.rag.answering.support import SUPPORTED, Highlight, best_sentence
from modelops.rag.retrieval import Hit

_FEWEST_WORDS = 2
"""Content words of a sentence; one alone stands anywhere."""


@dataclass(frozen=True)
class Attribution:
    """A sentence without a citation, and the passage that shares most of its words. The model did not say so."""

    sentence: tuple[int, int]
    """Where it begins and ends in the answer's text."""
    number: int
    """Of the passage."""
    hit: Hit
    highlight: Highlight

    def as_json(self) -> dict[str, Any]:
        """The attribution as a JSON object."""
        highlight = self.highlight
        return {
            "sentence": {"start": self.sentence[0], "end": self.sentence[1]},
            "number": self.number,
            "source": self.hit.chunk.source,
            "highlight": {
                "start": highlight.start,
                "end": highlight.end,
                "text": highlight.text,
                "share": highlight.share,
            },
        }


def attribute(answer: Answer) -> list[Attribution]:
    """For each sentence without a citation the passage that fits best, where that holds enough of its words.

    Small models forget to cite. What is found so is a place to look, and less than a citation: words that are shared
    by chance count like all others.
    """
    found = []
    for begin, end in [] if answer.refused else sentence_spans(answer.text):
        text = answer.text[begin:end]
        cited = any(begin <= citation.at < end for citation in answer.citations)
        if cited or len(set(content_words(text, language_of(text)))) < _FEWEST_WORDS:
            continue
        best = [
            Attribution((begin, end), number, hit, highlight)
            for number, hit in enumerate(answer.hits, 1)
            if (highlight := best_sentence(text, hit)) and highlight.share >= SUPPORTED
        ]
        if best:
            found.append(max(best, key=lambda one: one.highlight.share))
    return found
