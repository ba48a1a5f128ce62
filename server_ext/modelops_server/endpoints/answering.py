"""Answers from an index: its endpoint searches, a chat endpoint writes, and what it writes is read as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelops.paths import StateHome
from modelops.rag.answering import (
    REFUSAL,
    Answer,
    AnswerReader,
    AnswerSettings,
    Citation,
    Searched,
    Text,
    cite,
    prompt_for,
)
from modelops.rag.retrieval import Hit
from modelops.registry import Artifact
from modelops_server.endpoints.chatting import chat_endpoint, require_chat
from modelops_server.endpoints.gateway import Gateway
from modelops_server.endpoints.gateway.chunks import chunks
from modelops_server.endpoints.gateway.target import Served
from modelops_server.endpoints.indexes import Indexes, Told


@dataclass(frozen=True)
class Question:
    """What is asked, and how."""

    text: str
    search: Mapping[str, Any]
    """The settings of the search as JSON."""
    answer: AnswerSettings = field(default_factory=AnswerSettings)
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of the chat completion; they go before those of ``answer``."""


@dataclass(frozen=True)
class Ended:
    """The whole answer, why it ended, and the tokens that it took, where the engine says so."""

    answer: Answer
    finish_reason: str
    usage: dict[str, Any] | None


Event = Searched | Text | Citation | Ended


class Answering:
    """Answers questions to indexes; for use on the event loop alone."""

    def __init__(self, home: StateHome, indexes: Indexes, gateway: Gateway, preferred: str = "") -> None:
        """``preferred`` answers where a request does not name the endpoint that shall."""
        self._home = home
        self._indexes = indexes
        self._gateway = gateway
        self._preferred = preferred

    async def model_for(self, named: str | None) -> str:
        """The model that answers: what was named, else the preferred one, else the only endpoint that could.

        Raises ``InvalidInput`` (``not_a_chat_model``), ``Unavailable`` (``no_chat_endpoint``), ``Conflict``
        (``several_chat_endpoints``), and what says why the one that was named cannot be asked.
        """
        model = named or self._preferred
        if not model:
            return (await asyncio.to_thread(chat_endpoint, self._home)).name
        target = await self._gateway.target(model)
        if isinstance(target, Served):
            require_chat(target.endpoint)
        return model

    async def events(
        self, index: Artifact, question: Question, model: str, told: Told = lambda _: None
    ) -> AsyncGenerator[Event]:
        """Answer a question: ``Searched``, then ``Text`` and ``Citation`` as they come, then ``Ended``.

        Where no passage may answer it, the model is not asked. Closing the iterator ends the engine's work. Raises what
        searching and the engine raise.
        """
        found = await self._indexes.search(index, question.text, question.search, told)
        hits = [Hit.from_json(hit) for hit in found]
        settings = question.answer
        context = (await self._gateway.target(model)).as_model(model).get("context_length")
        settings = settings if context is None else settings.within(context)
        prompt = await asyncio.to_thread(prompt_for, question.text, hits, settings)
        yield Searched(hits, prompt)
        if prompt.refused:
            yield Text(REFUSAL)
            yield Ended(cite(REFUSAL, ()), "stop", None)
            return
        reader, finish, usage = AnswerReader(prompt.hits), "stop", None
        body = {
            **settings.options(),
            **question.options,
            "model": model,
            "messages": prompt.messages,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        async with self._gateway.forwarded("chat/completions", body) as reply:
            async for chunk in chunks(reply):
                usage = chunk.get("usage") or usage
                for choice in chunk.get("choices") or []:
                    finish = choice.get("finish_reason") or finish
                    for event in reader.feed((choice.get("delta") or {}).get("content") or ""):
                        yield event
        for event in reader.close():
            yield event
        yield Ended(reader.answer, finish, usage)
