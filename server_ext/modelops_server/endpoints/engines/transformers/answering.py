"""Chat and completions: tokenize, let the model answer, write at once or piece by piece."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from tornado.iostream import StreamClosedError

from modelops_server.endpoints.engines.transformers import problems, rendering
from modelops_server.endpoints.engines.transformers.base import Base, Service
from modelops_server.endpoints.engines.transformers.bodies import ChatBody, CompletionBody, Generation, parse
from modelops_server.endpoints.engines.transformers.detokenizing import Detokenizer, Stops
from modelops_server.endpoints.engines.transformers.problems import Problem
from modelops_server.endpoints.engines.transformers.prompts import chat_ids, text_ids
from modelops_server.endpoints.engines.transformers.replies import Piece, Reply
from modelops_server.endpoints.engines.transformers.sampling import Sampler


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
        if self._replies:
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
