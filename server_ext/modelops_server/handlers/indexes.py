"""Indexes: searched, and read, by the endpoint that serves the version that is meant."""

from __future__ import annotations

import json
from asyncio import Future
from contextlib import aclosing
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from modelops.errors import ModelOpsError
from modelops.rag.answering import AnswerSettings, Citation, Searched, Text, check
from modelops.rag.retrieval import SearchSettings
from modelops_server.endpoints.answering import Answering, Ended, Event, Question
from modelops_server.endpoints.indexes import Indexes
from modelops_server.handlers.answers import indexes as answers
from modelops_server.handlers.base import EVENT_STREAM, HangsUp, ModelOpsHandler
from modelops_server.handlers.operation import operation

MOST_CHARACTERS = 20_000
"""Of a question: no embedding model reads more."""


class HowToSearch(SearchSettings):
    """What is searched, how the results are joined and varied, and what is left out."""

    model_config = ConfigDict(extra="forbid", strict=True)


class HowToAnswer(AnswerSettings):
    """When a model is asked, what it is given, and how it shall answer."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SearchRequest(BaseModel):
    """What is looked for, and how."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    settings: HowToSearch = HowToSearch()


class AskRequest(SearchRequest):
    """What is asked, how passages are found, and who answers."""

    model: str | None = Field(
        None, max_length=300, description="The chat endpoint, or `endpoint/adapter`, that answers; else the only one."
    )
    answer: HowToAnswer = HowToAnswer()


class DocumentQuery(BaseModel):
    """Which document."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(min_length=1, max_length=4096, description="As hits and the list of documents name it.")


class IndexHandler(ModelOpsHandler):
    """What every handler of indexes shares."""

    @property
    def indexes(self) -> Indexes:
        """The way to the indexes."""
        indexes: Indexes = self.settings["modelops_indexes"]
        return indexes

    async def asked(self, ref: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> dict[str, Any]:
        """What the endpoint of the index ``ref`` answers."""
        self.indexes.gateway.count(self.caller)
        return await self.indexes.asked(await self.indexes.find(ref), path, body, query)


class SearchHandler(IndexHandler):
    """``indexes/{ref}/search``."""

    @operation("searchIndex", "execute", "indexes", body=SearchRequest, answer=answers.Hits)
    async def post(self, ref: str, body: SearchRequest) -> dict[str, Any]:
        """Find the passages that answer a question, best first.

        Where no endpoint serves this version of the index, one is started and waited for; it stops by itself when
        nobody has asked for 15 minutes. The same holds for the other addresses of an index.
        """
        return await self.asked(ref, "search", body.model_dump())


class AskHandler(HangsUp, IndexHandler):
    """``indexes/{ref}/ask``."""

    @operation("askIndex", "execute", "indexes", body=AskRequest, media=(EVENT_STREAM,))
    async def post(self, ref: str, body: AskRequest) -> None:
        """Answer a question from an index, with citations, as it is written.

        Server-sent events, each with JSON: `progress` (`text`) while the index is made ready; `hits`: those that were
        found, and of them those that the model is given (`passages`); `delta` (`text`) and `citation` as they come;
        at last `answer`, with the whole text, its citations and what was checked of it, or `problem`. A client that
        hangs up ends the answer.
        """
        answering: Answering = self.settings["modelops_answering"]
        self.indexes.gateway.count(self.caller)
        index, model = await self.indexes.find(ref), await answering.model_for(body.model)
        question = Question(body.question, body.settings.model_dump(), body.answer)

        async def answer() -> None:
            self.begin_event_stream()
            try:
                async with aclosing(answering.events(index, question, model, self._tell)) as events:
                    async for event in events:
                        await self._say(*_as_message(event, body.question, model))
            except ModelOpsError as error:
                await self._say("problem", {"status": error.http_status, **error.as_json()})
            self.finish()

        await self.until_gone(answer())

    _told = ""

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._say("progress", {"text": text})

    def _say(self, event: str, document: dict[str, Any]) -> Future[None]:
        self.write(f"event: {event}\ndata: {json.dumps(document, ensure_ascii=False, allow_nan=False)}\n\n")
        return self.flush()


def _as_message(event: Event, question: str, model: str) -> tuple[str, dict[str, Any]]:
    """What happened, by name, as JSON."""
    match event:
        case Searched(hits, prompt):
            passages = [hit.as_json() for hit in prompt.hits]
            return "hits", {"hits": [hit.as_json() for hit in hits], "passages": passages}
        case Text(text):
            return "delta", {"text": text}
        case Citation():
            return "citation", event.as_json()
        case Ended(answer, finish_reason, usage):
            checks = check(answer, question).as_json()
            ended = {"model": model, "finish_reason": finish_reason, "usage": usage}
            return "answer", {**answer.as_json(), "checks": checks, **ended}


class DocumentsHandler(IndexHandler):
    """``indexes/{ref}/documents``."""

    @operation("listIndexDocuments", "execute", "indexes", answer=answers.Documents)
    async def get(self, ref: str) -> dict[str, Any]:
        """List the documents of an index, and those that were left out, with the reason."""
        return await self.asked(ref, "documents")


class DocumentHandler(IndexHandler):
    """``indexes/{ref}/document``."""

    @operation("getIndexDocument", "execute", "indexes", query=DocumentQuery, answer=answers.Document)
    async def get(self, ref: str, query: DocumentQuery) -> dict[str, Any]:
        """A document's text as it was cut and is cited, with where its pages and chunks are."""
        return await self.asked(ref, "documents/text", query={"source": query.source})
