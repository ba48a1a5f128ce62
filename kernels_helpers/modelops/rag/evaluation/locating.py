"""Finds where the answers of a dataset of questions and answers stand in documents, word by word."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from modelops.rag.documents import Document
from modelops.rag.evaluation.questions import Place, Question

_LEAST_WORDS = 4
_MOST_PLACES = 3
_WORD = re.compile(r"\S+")


class Located(NamedTuple):
    """Questions whose answers were found, and how many were not."""

    questions: list[Question]
    left_out: int
    """Chats whose answer is shorter than four words, stands nowhere, or in more than three places."""


def locate_answers(rows: Iterable[Mapping[str, Any]], documents: Sequence[Document]) -> Located:
    """The first question of each chat, where the answer to it stands in the documents, however its white space differs.

    ``rows`` are those of a canonical dataset of chats. Ids are ``row-`` and the number of the row, from 1.
    """
    texts = [_Flat.of(document.text) for document in documents]
    found: list[Question] = []
    left_out = 0
    for number, row in enumerate(rows, 1):
        asked, said = _first(row.get("messages", ()), "user"), _first(row.get("messages", ()), "assistant")
        words = said.split()
        places: list[Place] = []
        if asked.strip() and len(words) >= _LEAST_WORDS:
            wanted = " ".join(words)
            for document, text in zip(documents, texts, strict=True):
                places += [Place(document.source, *span) for span in text.spans_of(wanted)]
                if len(places) > _MOST_PLACES:
                    break
        if 0 < len(places) <= _MOST_PLACES:
            found.append(Question(f"row-{number}", asked, tuple(places), said, "dataset"))
        else:
            left_out += 1
    return Located(found, left_out)


def _first(turns: Iterable[Mapping[str, str]], role: str) -> str:
    return next((turn["content"] for turn in turns if turn["role"] == role), "")


class _Flat(NamedTuple):
    """A text with one space between its words, and where each of them stands."""

    text: str
    starts: list[int]
    """Of each word in :attr:`text`."""
    spans: list[tuple[int, int]]
    """Of each word in the text as it was."""

    @classmethod
    def of(cls, text: str) -> _Flat:
        spans = [found.span() for found in _WORD.finditer(text)]
        starts, at = [], 0
        for begin, end in spans:
            starts.append(at)
            at += end - begin + 1
        return cls(" ".join(text[begin:end] for begin, end in spans), starts, spans)

    def spans_of(self, wanted: str) -> Iterator[tuple[int, int]]:
        """The spans of the original where ``wanted`` stands, not within a longer word."""
        at = self.text.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            if not (self.text[at - 1 : at].isalnum() or self.text[end : end + 1].isalnum()):
                yield self._original(at), self._original(end - 1) + 1
            at = self.text.find(wanted, end)

    def _original(self, at: int) -> int:
        word = bisect_right(self.starts, at) - 1
        return self.spans[word][0] + at - self.starts[word]
