"""Models that answer from an index: ``rag:INDEX``, ``rag:INDEX@ALIAS``, ``rag:INDEX@3/ENDPOINT``.

Which index and which endpoint is all that a name can say; there is no way to name a host or a port.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Any

from modelops.errors import InvalidInput, ModelOpsError, NotFound
from modelops.rag.answering import Text
from modelops_server.endpoints import Endpoint
from modelops_server.endpoints.answering import Answering, Ended, Event, Question
from modelops_server.endpoints.indexes import Indexes
from modelops_server.endpoints.refusals import broken_off
from modelops_server.handlers.openai.base import BadRequest, OpenAIHandler, openai_error

RAG = "rag:"
"""How such a name begins; no endpoint's does."""

_OURS = frozenset({"model", "messages", "stream", "stream_options"})
_NOT_SUPPORTED = ("tools", "functions", "response_format", "logprobs")
"""Fields that would make of an answer what can have no citations."""


async def answer_from_index(handler: OpenAIHandler, body: dict[str, Any]) -> None:
    """Answer the last thing that the user says, as a chat completion with ``citations``."""
    indexes: Indexes = handler.settings["modelops_indexes"]
    answering: Answering = handler.settings["modelops_answering"]
    question = _question(body)
    ref, _, named = str(body["model"]).removeprefix(RAG).partition("/")
    try:
        index = await indexes.find(ref)
    except (NotFound, InvalidInput) as error:
        raise NotFound("model_not_found", f"There is no index {ref[:200]!r}: {error.message}", error.hint) from error
    model = await answering.model_for(named or None)
    async with aclosing(answering.events(index, question, model)) as events:
        completion = _Completion(body)
        if body.get("stream"):
            await _stream(handler, completion, events)
        else:
            handler.answer(await completion.whole(events))


def as_model(endpoint: Endpoint) -> dict[str, Any]:
    """An index that is served, as the OpenAI API lists models."""
    index = endpoint.spec.model
    return {
        "id": f"{RAG}{index.ref}",
        "object": "model",
        "created": int(datetime.fromisoformat(endpoint.spec.created).timestamp()),
        "owned_by": "modelops",
        "ref": index.ref,
        "digest": index.digest,
        "engine": endpoint.spec.engine,
        "task": "generate",
        "context_length": None,
    }


class _Completion:
    """One chat completion, as a whole or in chunks."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._facts = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": body["model"]}
        options = body.get("stream_options")
        self.says_usage = isinstance(options, dict) and bool(options.get("include_usage"))

    async def whole(self, events: AsyncIterator[Event]) -> dict[str, Any]:
        """The completion once it is written."""
        async for event in events:
            if isinstance(event, Ended):
                message = {"role": "assistant", "content": event.answer.text, **_cited(event)}
                choice = {"index": 0, "message": message, "finish_reason": event.finish_reason, "logprobs": None}
                return {"object": "chat.completion", **self._facts, "choices": [choice], "usage": _usage(event)}
        raise broken_off()

    async def chunks(self, events: AsyncIterator[Event]) -> AsyncIterator[dict[str, Any]]:
        """The completion as it is written; the last chunk of text has the citations."""
        begun = False
        async for event in events:
            if isinstance(event, Text):
                yield self._chunk({"content": event.text, **({} if begun else {"role": "assistant"})})
                begun = True
            elif isinstance(event, Ended):
                yield self._chunk(_cited(event), event.finish_reason)
                if self.says_usage:
                    yield {**self._chunk({}), "choices": [], "usage": _usage(event)}

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return {"object": "chat.completion.chunk", **self._facts, "choices": [choice]}


async def _stream(handler: OpenAIHandler, completion: _Completion, events: AsyncIterator[Event]) -> None:
    # What goes wrong before the first word is an answer of its own.
    chunks = completion.chunks(events)
    first = await anext(chunks)
    handler.begin_event_stream()
    try:
        await _write(handler, first)
        async for chunk in chunks:
            await _write(handler, chunk)
        handler.write("data: [DONE]\n\n")
    except ModelOpsError as said:
        error = openai_error(said.http_status, f"{said.message} {said.hint}".strip(), said.code)
        await _write(handler, {"error": error})
    handler.finish()


async def _write(handler: OpenAIHandler, document: dict[str, Any]) -> None:
    handler.write(f"data: {json.dumps(document, ensure_ascii=False)}\n\n")
    await handler.flush()


def _question(body: dict[str, Any]) -> Question:
    """What the user says last, and how it is to be answered; raises ``BadRequest``."""
    for name in _NOT_SUPPORTED:
        if body.get(name):
            raise BadRequest("not_supported", f"An answer from an index cannot have {name}.", "Leave it out.")
    if body.get("n") not in (None, 1):
        raise BadRequest("not_supported", "An index gives one answer.", 'Leave out "n".')
    messages = body.get("messages")
    said = [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    text = next((_text(one.get("content")) for one in reversed(said) if one.get("role") == "user"), "")
    if not text.strip():
        raise BadRequest("question_missing", "The messages hold no text of a user.", "Send what is asked as the last.")
    return Question(text, {}, options={name: value for name, value in body.items() if name not in _OURS})


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text")
    return "\n".join(text for text in texts if isinstance(text, str))


def _cited(ended: Ended) -> dict[str, Any]:
    return {"citations": [citation.as_json() for citation in ended.answer.citations]}


def _usage(ended: Ended) -> dict[str, Any]:
    return ended.usage or {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
