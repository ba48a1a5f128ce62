"""The resources of the OpenAI API: parse, let the model work, write."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

from modelops_server.endpoints.engines.transformers import problems, rendering
from modelops_server.endpoints.engines.transformers.bodies import (
    ChatBody,
    CompletionBody,
    EmbeddingsBody,
    Generation,
    parse,
)
from modelops_server.endpoints.engines.transformers.decoding import Decoder
from modelops_server.endpoints.engines.transformers.detokenizing import Detokenizer, Stops
from modelops_server.endpoints.engines.transformers.embedding import Embedding
from modelops_server.endpoints.engines.transformers.problems import Problem
from modelops_server.endpoints.engines.transformers.prompts import chat_ids, text_ids
from modelops_server.endpoints.engines.transformers.replies import Piece, Reply
from modelops_server.endpoints.engines.transformers.sampling import Sampler
from modelops_server.endpoints.engines.transformers.served import Served

_log = logging.getLogger("modelops.engine")

MOST_BYTES = 8 << 20
"""Of a body: text of some hundred thousand tokens."""

T = TypeVar("T")


@dataclass(frozen=True)
class Service:
    """What the handlers work with."""

    served: Served
    decoder: Decoder
    key: str
    readers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "reader"))
    """Tokenizes: long texts take seconds, in which others must be answered."""


class Base(RequestHandler):
    """Checks the key, and says what went wrong as OpenAI does."""

    service: Service

    def initialize(self, service: Service) -> None:
        self.service = service

    def prepare(self) -> None:
        key = self.request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(key.encode(), self.service.key.encode()):
            raise Problem(401, "invalid_api_key", "The key is missing or wrong.")
        if len(self.request.body) > MOST_BYTES:
            raise Problem(413, "body_too_large", f"A body has {MOST_BYTES >> 20} MiB at most.")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, Problem):
            code = HTTPStatus(status_code).name.lower()
            error = Problem(status_code, code, f"{HTTPStatus(status_code).phrase}: {self.request.path}")
        self.set_status(error.status)
        self.finish(error.as_json())

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if not isinstance(value, (Problem, HTTPError, StreamClosedError)):
            _log.error("unexpected", exc_info=(typ, value, tb))

    def _handle_request_exception(self, e: BaseException) -> None:
        # tornado knows the status of its own errors only
        if isinstance(e, Problem) and not self._finished and not self._headers_written:
            self.send_error(e.status, exc_info=(type(e), e, e.__traceback__))
        else:
            super()._handle_request_exception(e)


class Unknown(Base):
    """Every other address."""

    def prepare(self) -> None:
        super().prepare()
        raise Problem(404, "not_found", f"There is no {self.request.path} here.")


class Health(Base):
    """``GET /health``: whether the engine answers; needs no key."""

    def prepare(self) -> None:
        pass

    def get(self) -> None:
        self.finish({"status": "ok"})


class Models(Base):
    """``GET /v1/models``: what a request may ask for."""

    def get(self) -> None:
        names = self.service.served.names
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "modelops"} for name in names]
        self.finish({"object": "list", "data": models})


class Answers(Base):
    """What chat and completions share."""

    def initialize(self, service: Service) -> None:
        super().initialize(service)
        self._queue: asyncio.Queue[tuple[int, Piece]] = asyncio.Queue()
        self._replies: list[Reply] = []
        self._gone = False

    def on_connection_close(self) -> None:
        """The client has hung up: its slots are free."""
        self._gone = True
        self.service.decoder.cancel(self._replies)
        self._queue.put_nowait((0, Piece(problem=Problem(499, "client_gone", "The client has hung up."))))

    async def answer(
        self, body: Generation, adapter: str | None, write: Callable[[], list[list[int]]], *, chat: bool
    ) -> None:
        """Answer the prompts that ``write()`` tokenizes."""
        body.refuse_unsupported()
        loop = asyncio.get_running_loop()
        self._replies = await loop.run_in_executor(
            self.service.readers, lambda: self._prepared(body, adapter, write(), loop, chat=chat)
        )
        if self._gone:
            return
        self.service.decoder.submit(self._replies)
        tokens = self.service.served.readers[adapter].bytes
        told = rendering.Rendering(chat=chat, model=body.model, tokens=tokens)
        await (self._stream(told) if body.stream else self._whole(told))

    def _prepared(
        self,
        body: Generation,
        adapter: str | None,
        prompts: Sequence[list[int]],
        loop: asyncio.AbstractEventLoop,
        *,
        chat: bool,
    ) -> list[Reply]:
        served = self.service.served
        reader = served.readers[adapter]
        for prompt in prompts:
            if len(prompt) >= served.context:
                raise problems.context_exceeded(len(prompt), served.context, "messages" if chat else "prompt")
        return [
            Reply(
                prompt=prompt,
                adapter=adapter,
                sampler=Sampler(served.base, served.defaults, body, prompt),
                # A chat's answer begins, a completion goes on.
                text=Detokenizer(reader.tokenizer, () if chat else prompt),
                stops=Stops(body.stops),
                ends=frozenset() if body.ignore_eos else reader.ends,
                room=min(body.most_tokens or served.context, served.context - len(prompt)),
                alternatives=body.alternatives,
                streamed=bool(body.stream),
                deliver=partial(self._tell, loop, index),
            )
            for index, prompt in enumerate(prompts)
        ]

    def _tell(self, loop: asyncio.AbstractEventLoop, index: int, piece: Piece) -> None:
        loop.call_soon_threadsafe(self._queue.put_nowait, (index, piece))

    async def _pieces(self) -> AsyncIterator[tuple[int, Piece]]:
        """The pieces of all answers as they come; raises the first :class:`Problem`."""
        left = len(self._replies)
        while left:
            index, piece = await self._queue.get()
            if piece.problem is not None:
                self.service.decoder.cancel(self._replies)
                raise piece.problem
            left -= piece.last
            yield index, piece

    async def _whole(self, told: rendering.Rendering) -> None:
        try:
            answers = {index: piece async for index, piece in self._pieces()}
        except Problem:
            if self._gone:
                return
            raise
        ordered = [answers[index] for index in range(len(answers))]
        self.set_header("Content-Type", "application/json")
        await self.finish(json.dumps(told.whole(ordered, self._replies), ensure_ascii=False, allow_nan=False))

    async def _stream(self, told: rendering.Rendering) -> None:
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.write(told.first())
        try:
            await self.flush()
            async for index, piece in self._pieces():
                self.write(told.chunk(index, piece))
                await self.flush()
            await self.finish(told.last(self._replies))
        except StreamClosedError:
            self.service.decoder.cancel(self._replies)
        except Problem as problem:
            if not self._gone:
                await self.finish(rendering.event(problem.as_json()))


class Chat(Answers):
    """``POST /v1/chat/completions``."""

    async def post(self) -> None:
        body = parse(ChatBody, self.request.body)
        adapter = self.service.served.resolve(body.model)
        tokenizer = self.service.served.readers[adapter].tokenizer
        await self.answer(body, adapter, lambda: [chat_ids(tokenizer, body)], chat=True)


class Completions(Answers):
    """``POST /v1/completions``."""

    async def post(self) -> None:
        body = parse(CompletionBody, self.request.body)
        served = self.service.served
        adapter = served.resolve(body.model)
        tokenizer = served.readers[adapter].tokenizer
        await self.answer(
            body,
            adapter,
            lambda: [text_ids(tokenizer, prompt, served.vocabulary) for prompt in body.prompts],
            chat=False,
        )


class Embeddings(Base):
    """``POST /v1/embeddings``."""

    _work: Embedding | None = None
    _answer: asyncio.Future[list[list[float]] | Problem] | None = None

    def on_connection_close(self) -> None:
        """The client has hung up: nothing more is computed for it."""
        if self._work is not None and self._answer is not None:
            self.service.decoder.cancel([self._work])
            self._answer.cancel()

    async def post(self) -> None:
        body = parse(EmbeddingsBody, self.request.body)
        served = self.service.served
        adapter = served.resolve(body.model)
        if body.dimensions is not None:
            raise problems.not_supported("The vectors have as many numbers as the model is wide.", "dimensions")
        loop = asyncio.get_running_loop()
        tokenizer = served.readers[adapter].tokenizer
        inputs = await loop.run_in_executor(
            self.service.readers,
            lambda: [text_ids(tokenizer, given, served.vocabulary, "input") for given in body.inputs],
        )
        if (longest := max(map(len, inputs))) > served.context:
            raise problems.context_exceeded(longest, served.context, "input")
        answer: asyncio.Future[list[list[float]] | Problem] = loop.create_future()
        self._answer = answer
        self._work = Embedding(inputs, adapter, lambda result: loop.call_soon_threadsafe(_settle, answer, result))
        self.service.decoder.embed(self._work)
        try:
            result = await answer
        except asyncio.CancelledError:  # the client has hung up
            return
        if isinstance(result, Problem):
            raise result
        tokens = sum(map(len, inputs))
        self.finish(rendering.embeddings(result, body.model, tokens, as_base64=body.encoding_format == "base64"))


def _settle(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():  # by the client's hanging up
        answer.set_result(result)


def routes(service: Service) -> list[tuple[str, type[Base], dict[str, Service]]]:
    """What is served where."""
    handlers: dict[str, type[Base]] = {
        "/health": Health,
        "/v1/models": Models,
        "/v1/chat/completions": Chat,
        "/v1/completions": Completions,
        "/v1/embeddings": Embeddings,
        "/.*": Unknown,
    }
    return [(path, handler, {"service": service}) for path, handler in handlers.items()]
