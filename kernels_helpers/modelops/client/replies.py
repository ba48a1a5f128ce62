"""What an endpoint answers in a chat: text that comes piece by piece, and what it took."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from modelops.client.connection import Connection
from modelops.client.streamed import Streamed, broken_off
from modelops.errors import Unavailable

Messages = str | Sequence[Mapping[str, Any]]
"""What the user says, or a conversation of ``{"role": …, "content": …}``."""

_END = "[DONE]"


class Reply(Streamed):
    """An answer; iterating gives its text piece by piece, once.

    Breaking off the iteration frees the engine, and so does :meth:`stop`.

    ``text`` is what has come so far; ``finish_reason`` and ``tokens`` are known when it has ended; ``first`` is the
    seconds until its first piece, and ``tokens_per_second`` what the engine measured, ``None`` where it does not say.
    """

    def __init__(self, openai: Connection, body: Mapping[str, Any], messages: Messages) -> None:
        said = [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
        whole = {**body, "messages": said, "stream": True, "stream_options": {"include_usage": True}}
        super().__init__(openai, "chat/completions", whole)
        self.finish_reason: str | None = None
        self.first: float | None = None
        self.prompt_tokens: int | None = None
        self.tokens: int | None = None
        self.tokens_per_second: float | None = None

    def _pieces(self) -> Generator[str]:
        began = time.monotonic()
        with self._asked() as messages:
            for block in messages:
                if block.data == _END or self.stopped:
                    return
                piece = self._take(json.loads(block.data))
                if piece:
                    self.first = time.monotonic() - began if self.first is None else self.first
                    self.text += piece
                    yield piece
        if self.finish_reason is None:
            raise broken_off()

    def _take(self, chunk: dict[str, Any]) -> str:
        if error := chunk.get("error"):
            raise Unavailable(str(error.get("code") or error.get("type")), str(error.get("message")))
        if usage := chunk.get("usage"):
            self.prompt_tokens, self.tokens = usage.get("prompt_tokens"), usage.get("completion_tokens")
        self.tokens_per_second = (chunk.get("timings") or {}).get("predicted_per_second", self.tokens_per_second)
        for choice in chunk.get("choices") or []:
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
            content = (choice.get("delta") or {}).get("content")
            if isinstance(content, str):
                return content
        return ""
