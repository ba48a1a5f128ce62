"""Questions that were given: JSON lines in a file, or the rows of a dataset."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from modelops.errors import InvalidInput
from modelops.rag.documents import Document
from modelops.rag.evaluation.questions import Place, Question

_Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class _Where(BaseModel):
    model_config = ConfigDict(strict=True)

    source: _Text | None = None
    start: Annotated[int, Field(ge=0)] | None = None
    end: Annotated[int, Field(ge=1)] | None = None
    quote: _Text | None = None
    grade: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _whole(self) -> _Where:
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end belong together")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("end must be behind start")
        if self.start is not None and self.quote is not None:
            raise ValueError("give start and end, or quote")
        if self.source is None and (self.start is not None or self.quote is not None):
            raise ValueError("a source is missing")
        return self


class _Row(_Where):
    question: _Text
    id: _Text | None = None
    relevant: list[_Where] = []
    answer: str | None = None
    answerable: bool | None = None
    made_by: _Text = "given"

    def places(self) -> list[_Where]:
        return [*([self] if self.source is not None else []), *self.relevant]


def read_questions(path: Path, documents: Sequence[Document]) -> list[Question]:
    """The questions of a file of JSON lines, about these documents.

    Each line has ``question``, and where its answer stands: ``source`` alone, with ``start`` and ``end`` (characters of
    the document's text) or with ``quote`` (words that stand in it once); or a list of such places as ``relevant``, each
    with a ``grade`` if some are better. ``answerable: false`` instead says that the documents do not answer it.
    ``id`` and ``answer`` are optional. Raises ``InvalidInput`` (``invalid_questions``) with the first lines that are
    wrong.
    """
    try:
        content = path.read_text("utf-8-sig")
    except OSError as error:
        raise _invalid([f"{path} cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        at = error.object[: error.start].count(b"\n") + 1
        raise _invalid([f"line {at}: not UTF-8"]) from error
    rows: list[tuple[int, Any]] = []
    wrong = []
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append((number, json.loads(line)))
        except ValueError as error:
            wrong.append(f"line {number}: not JSON ({error})")
    if wrong:
        raise _invalid(wrong)
    return _questions_of(rows, documents)


def _questions_of(rows: Iterable[tuple[int, Any]], documents: Sequence[Document]) -> list[Question]:
    """The questions of rows that were parsed, each with the number of its line; see :func:`read_questions`."""
    by_source = {document.source: document for document in documents}
    questions: list[Question] = []
    seen: dict[str, int] = {}
    wrong = []
    for number, content in rows:
        try:
            question = _question(number, content, by_source)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            wrong.append(f"line {number}: {where + ': ' if where else ''}{first['msg']}")
            continue
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
            continue
        if question.id in seen:
            wrong.append(f"line {number}: the id {question.id!r} is that of line {seen[question.id]}")
        seen.setdefault(question.id, number)
        questions.append(question)
    if wrong:
        raise _invalid(wrong)
    if not questions:
        raise _invalid(["there are none"])
    return questions


def _question(number: int, content: Any, documents: Mapping[str, Document]) -> Question:
    row = _Row.model_validate(content)
    places = tuple(_place(where, documents) for where in row.places())
    if row.answerable is False and places:
        raise ValueError("it says where its answer stands, and that it has none")
    if row.answerable is not False and not places:
        raise ValueError("it does not say where its answer stands (source), nor that it has none (answerable: false)")
    if len({(place.source, place.start, place.end) for place in places}) < len(places):
        raise ValueError("it names a place twice")
    return Question(row.id or str(number), row.question, places, row.answer, row.made_by)


def _place(where: _Where, documents: Mapping[str, Document]) -> Place:
    source = where.source or ""
    document = documents.get(source)
    if document is None:
        raise ValueError(f"there is no document {source!r}")
    start, end = where.start, where.end
    if where.quote is not None:
        count = document.text.count(where.quote)
        if count != 1:
            raise ValueError(f"its quote stands {count} times in {source}, not once")
        start = document.text.index(where.quote)
        end = start + len(where.quote)
    if end is not None and end > len(document.text):
        raise ValueError(f"{source} ends at {len(document.text)}, before {end}")
    return Place(source, start, end, where.grade)


def _invalid(wrong: Sequence[str]) -> InvalidInput:
    more = f" … and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return InvalidInput(
        "invalid_questions",
        f"The questions cannot be used: {'; '.join(wrong[:5])}{more}.",
        'One JSON object a line, such as {"question": "…", "source": "guide.md", "quote": "…"}.',
    )
