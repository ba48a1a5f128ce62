"""Questions that a chat model writes about passages: what it is asked, and what of its answers can be used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from modelops.rag.chunks import Chunk
from modelops.rag.evaluation.making import Made
from modelops.rag.evaluation.questions import Place, Question

_LEAST_CHARACTERS = 200
_INSTRUCTION = """\
Below is a passage of a document. Write one question that a person might ask who has not seen the passage, and that the
passage answers. Use other words than the passage where you can, and do not speak of "the passage" or "the text". Write
only the question.

Passage:
"""
_QUESTION = re.compile(r"[^\n?]{8,300}\?")


def passages_to_ask(chunks: Sequence[Chunk], count: int, *, seed: int = 0) -> list[Chunk]:
    """At most ``count`` passages for a model to ask about, drawn by ``seed``; none too short to answer something."""

    def order(chunk: Chunk) -> bytes:
        return hashlib.sha256(f"{seed}\n{chunk.source}\n{chunk.start}".encode("utf-8", "surrogatepass")).digest()

    distinct = {" ".join(chunk.text.split()): chunk for chunk in chunks if len(chunk.text) >= _LEAST_CHARACTERS}
    return sorted(distinct.values(), key=order)[:count]


def question_messages(chunk: Chunk) -> list[dict[str, str]]:
    """What a chat model is asked, so that it writes a question about a passage."""
    return [{"role": "user", "content": f"{_INSTRUCTION}<<<\n{chunk.text}\n>>>"}]


def written_questions(passages: Sequence[Chunk], texts: Mapping[int, str], *, made_by: str) -> list[Made]:
    """The first question in each text that a model wrote, by the number of its passage; texts without one are left out.

    ``made_by`` names the model, and stands in each question.
    """
    found = []
    for number, text in sorted(texts.items()):
        question = _QUESTION.search(text)
        if question is not None:
            chunk = passages[number]
            place = Place(chunk.source, chunk.start, chunk.end)
            found.append(
                Made(
                    Question(f"written-{number + 1}", question.group().strip(" \"'*"), (place,), None, made_by),
                    chunk.text,
                )
            )
    return found
