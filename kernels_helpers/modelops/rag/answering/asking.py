"""Asks: searches an index, gives a model what was found, and reads its answer as it comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from modelops.rag.answering.citations import Answer, AnswerReader, Citation, Text, cite
from modelops.rag.answering.prompting import CountTokens, Prompt, prompt_for
from modelops.rag.answering.settings import REFUSAL, AnswerSettings
from modelops.rag.index import Index
from modelops.rag.retrieval import Hit, Reranker, SearchSettings, search


class ChatEndpoint(Protocol):
    """What is needed of :class:`modelops.client.Endpoint`."""

    def stream(self, messages: Sequence[Mapping[str, Any]], **options: Any) -> Iterable[str]:
        """The answer piece by piece."""


@dataclass(frozen=True)
class Searched:
    """What was found, and what of it the model is given."""

    hits: list[Hit]
    prompt: Prompt


@dataclass(frozen=True)
class Answered:
    """The whole answer."""

    answer: Answer
    asked: bool
    """Whether a model wrote it."""


Event = Searched | Text | Citation | Answered


def ask(
    index: Index,
    question: str,
    endpoint: ChatEndpoint,
    search_settings: SearchSettings | None = None,
    settings: AnswerSettings | None = None,
    *,
    reranker: Reranker | None = None,
    count_tokens: CountTokens | None = None,
) -> Iterator[Event]:
    """Answer a question from an index: ``Searched``, then ``Text`` and ``Citation`` as they come, then ``Answered``.

    Where no passage may answer it, the model is not asked, and the answer is :data:`REFUSAL`. Breaking off the
    iteration breaks off the answer. Raises what searching and the endpoint raise.
    """
    settings = settings or AnswerSettings()
    hits = search(index, question, search_settings, reranker=reranker)
    prompt = prompt_for(question, hits, settings, count_tokens)
    yield Searched(hits, prompt)
    if prompt.refused:
        yield Text(REFUSAL)
        yield Answered(cite(REFUSAL, ()), asked=False)
        return
    reader = AnswerReader(prompt.hits)
    for piece in endpoint.stream(prompt.messages, **settings.options()):
        yield from reader.feed(piece)
    yield from reader.close()
    yield Answered(reader.answer, asked=True)
