"""Chats, completions and embeddings: handed to the engine that the model's name means, and its answer handed back."""

from __future__ import annotations

import asyncio
import json
from typing import Any, ClassVar

from tornado.iostream import StreamClosedError

from modelops.errors import Unavailable
from modelops_server.endpoints.gateway import Reply
from modelops_server.endpoints.gateway.gateway import Api, error_of
from modelops_server.endpoints.refusals import unknown_model
from modelops_server.handlers.openai.base import OpenAIHandler, guarded, openai_error


class CompletionsHandler(OpenAIHandler):
    """``completions``, and what is asked in the same way."""

    api: ClassVar[Api] = "completions"
    _working: asyncio.Task[None] | None = None
    _gone = False

    @guarded("execute")
    async def post(self) -> None:
        """Forward the request; a client that hangs up ends it."""
        body = self.asked()
        if self.opened is not None and body["model"].partition("/")[0] != self.opened:
            raise unknown_model(body["model"], [self.opened])
        self._working = asyncio.ensure_future(self._forward(body))
        try:
            await self._working
        except (asyncio.CancelledError, StreamClosedError):
            if not self._gone:
                raise

    def on_connection_close(self) -> None:
        """The client hung up: nobody waits for the answer."""
        super().on_connection_close()
        self._gone = True
        if self._working is not None:
            self._working.cancel()

    async def _forward(self, body: dict[str, Any]) -> None:
        self.gateway.count(self.caller)
        async with self.gateway.forwarded(self.api, body) as reply:
            if reply.status != 200:
                await self._refused(reply)
            elif reply.is_stream:
                await self._stream(reply)
            else:
                self.finish(await reply.whole())

    async def _refused(self, reply: Reply) -> None:
        error = error_of(await reply.whole())
        # What an engine thinks of our key, or where else it would send one, is not the client's affair.
        self.set_status(reply.status if reply.status >= 400 and reply.status not in {401, 403} else 502)
        self.finish(json.dumps({"error": error}))

    async def _stream(self, reply: Reply) -> None:
        self.begin_event_stream()
        try:
            async for piece in reply.pieces():
                self.write(piece)
                await self.flush()
        except Unavailable as said:
            error = openai_error(503, f"{said.message} {said.hint}", said.code)
            self.write(f"data: {json.dumps({'error': error})}\n\n")
        self.finish()


class ChatCompletionsHandler(CompletionsHandler):
    """``chat/completions``."""

    api = "chat/completions"


class EmbeddingsHandler(CompletionsHandler):
    """``embeddings``."""

    api = "embeddings"
