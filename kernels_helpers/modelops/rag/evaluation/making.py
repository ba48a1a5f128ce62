"""Questions made from documents by rule: each asks for one passage that is known, in words that leave out its names.

They find out whether a passage is found at all, and cost nothing. They are not what people ask: their words stand in
the passage (``overlap`` says how many), which favours searching by words.
"""

from __future__ import annotations

import ast
import hashlib
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from modelops.errors import InvalidInput
from modelops.rag.chunking import strategy_for
from modelops.rag.documents import Document
from modelops.rag.evaluation.questions import Place, Question
from modelops.rag.index import words_of
from modelops.rag.outlines import headings_of

Method = Literal["auto", "headings", "summaries", "words"]

_LEAST_CHARACTERS, _MOST_CHARACTERS = 200, 4000
"""Of a passage: a shorter one says little, a longer one is found whatever is asked."""
_LEAST_WORDS, _MOST_WORDS = 3, 7
"""Of a question made of single words."""

_PARAGRAPH = re.compile(r"\S.*?(?=\n\s*\n|\Z)", re.DOTALL)
_BEHIND_A_SENTENCE = re.compile(r"(?<=[.!?])\s")
_CODE = re.compile(r"`[^`]*`")
_NAME = re.compile(r"[_()\[\]{}<>=/\\*|\d]|\w\.\w|[a-z][A-Z]")
"""What a word holds that is written like code: it stands in one passage, which it gives away."""
_EDGES = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True)
class Made:
    """A question that was made, and the passage that it asks for."""

    question: Question
    passage: str

    @property
    def overlap(self) -> float:
        """Share of the question's words that stand in the passage."""
        return word_overlap(self.question.text, self.passage)


def word_overlap(question: str, passage: str) -> float:
    """The share of a question's different words that stand in a passage, from 0 to 1."""
    asked = set(words_of(question))
    return len(asked & set(words_of(passage))) / len(asked) if asked else 0.0


def make_questions(documents: Sequence[Document], count: int, *, method: Method = "auto", seed: int = 0) -> list[Made]:
    """At most ``count`` questions, the same ones for the same documents in any order.

    ``headings``: a heading asks for the section below it. ``summaries``: the first paragraph of a docstring, without
    the names in it, asks for its function or class (Python). ``words``: the rarest words of a sentence that also stand
    in other passages, in their order, ask for its paragraph. ``auto`` takes what a document offers: headings, else
    summaries, else words.

    Passages that stand in more than one place are not asked for, nor is what would ask for two of them. Raises
    ``InvalidInput`` (``no_questions``) where nothing can be asked.
    """
    found = [made for document in documents for made in _of_document(document, method)]
    if method in ("auto", "words"):
        found += _word_questions([document for document in documents if method == "words" or _is_prose(document)])
    asked = Counter(_folded(made.question.text) for made in found)
    stands = Counter(_folded(made.passage) for made in found)
    alone = [one for one in found if asked[_folded(one.question.text)] == 1 and stands[_folded(one.passage)] == 1]
    if not alone:
        raise InvalidInput(
            "no_questions",
            "No question can be made from these documents by this method.",
            "Choose another method, or give questions in a file.",
        )
    return sorted(alone, key=lambda one: _order(one, seed))[:count]


def _order(made: Made, seed: int) -> bytes:
    [place] = made.question.relevant
    return hashlib.sha256(f"{seed}\n{place.source}\n{place.start}".encode("utf-8", "surrogatepass")).digest()


def _folded(text: str) -> str:
    return " ".join(words_of(text))


def _of_document(document: Document, method: Method) -> Iterator[Made]:
    strategy = strategy_for(document)
    if method == "headings" or (method == "auto" and strategy == "heading"):
        yield from _heading_questions(document)
    elif method == "summaries" or (method == "auto" and strategy == "code"):
        yield from _summary_questions(document)


def _is_prose(document: Document) -> bool:
    return strategy_for(document) == "sentence"


def _heading_questions(document: Document) -> Iterator[Made]:
    headings = headings_of(document.text)
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        end = following.start if following else len(document.text)
        text = without_names(heading.text)
        if len(text.split()) >= 2:
            yield from _made(document, heading.end, end, text, "headings")


def _summary_questions(document: Document) -> Iterator[Made]:
    tree = parsed(document)
    if tree is None:
        return
    starts = [0]
    for line in document.text.split("\n"):
        starts.append(min(starts[-1] + len(line) + 1, len(document.text)))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            summary = (ast.get_docstring(node) or "").split("\n\n")[0]
            text = without_names(" ".join(summary.split()), node.name)
            if len(text.split()) >= _LEAST_WORDS:
                yield from _made(document, starts[node.lineno - 1], starts[node.end_lineno or -1], text, "summaries")


def parsed(document: Document) -> ast.Module | None:
    """The syntax tree of Python code; ``None`` for what this Python cannot read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that are not valid
            return ast.parse(document.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _word_questions(documents: Sequence[Document]) -> Iterator[Made]:
    passages = [(document, found.span()) for document in documents for found in _PARAGRAPH.finditer(document.text)]
    words = [set(words_of(document.text[slice(*span)])) for document, span in passages]
    spread = Counter(word for some in words for word in some)
    for document, (begin, end) in passages:
        sentence = _BEHIND_A_SENTENCE.split(document.text[begin:end], maxsplit=1)[0]
        named = [_EDGES.sub("", word) for word in without_names(sentence).split()]
        # Its own passage is one of those that a word stands in.
        known = list(dict.fromkeys(word for word in named if word and spread[word.casefold()] > 1))
        rarest = sorted(known, key=lambda word: (spread[word.casefold()], word))[:_MOST_WORDS]
        if len(rarest) >= _LEAST_WORDS:
            yield from _made(document, begin, end, " ".join(word for word in known if word in rarest), "words")


def without_names(text: str, name: str = "") -> str:
    """A sentence without what is written as code, and without ``name``."""
    words = (word for word in _CODE.sub(" ", text).split() if not _NAME.search(word))
    kept = (word for word in words if not name or name.casefold() not in words_of(word))
    return " ".join(kept).strip(" :;,-.\u2013\u2014")


def _made(document: Document, begin: int, end: int, text: str, method: Method) -> Iterator[Made]:
    passage = document.text[begin:end]
    begin += len(passage) - len(passage.lstrip())
    passage = passage.strip()
    if _LEAST_CHARACTERS <= len(passage) <= _MOST_CHARACTERS:
        place = Place(document.source, begin, begin + len(passage))
        name = hashlib.sha256(f"{place}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
        yield Made(Question(name, text, (place,), made_by=method), passage)


def unanswerable(questions: Sequence[Question]) -> list[Question]:
    """Questions about documents that the index does not hold: nothing in it answers them."""
    return [replace(one, id=f"absent-{one.id}", relevant=(), answer=None) for one in questions]
