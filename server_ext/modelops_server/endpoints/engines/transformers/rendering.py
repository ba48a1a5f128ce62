"""Answers as the OpenAI API writes them, with the token ids and the timings that llama.cpp adds."""

from __future__ import annotations

import base64
import json
import secrets
import struct
import time
from collections.abc import Sequence
from typing import Any

from modelops.models.token_bytes import TokenBytes
from modelops_server.endpoints.engines.transformers.replies import Logprobs, Piece, Reply


class Rendering:
    """How one request's answers are written; chat and completions differ in the names of things."""

    def __init__(self, *, chat: bool, model: str, tokens: TokenBytes) -> None:
        self._chat = chat
        self._tokens = tokens
        self._kind = "chat.completion" if chat else "text_completion"
        self._head = {
            "id": ("chatcmpl-" if chat else "cmpl-") + secrets.token_hex(12),
            "created": int(time.time()),
            "model": model,
        }

    def whole(self, answers: Sequence[Piece], replies: Sequence[Reply]) -> dict[str, Any]:
        """All answers, complete."""
        choices = []
        for index, piece in enumerate(answers):
            said = {"message": {"role": "assistant", "content": piece.text}} if self._chat else {"text": piece.text}
            choices.append({"index": index, **said, **self._ending(piece)})
        return {**self._head, "object": self._kind, "choices": choices, **measures(replies)}

    def first(self) -> bytes:
        """The chunk that says who speaks; completions have none."""
        delta = {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
        return self._chunk([delta]) if self._chat else b""

    def chunk(self, index: int, piece: Piece) -> bytes:
        """What is new of an answer."""
        said = {"delta": {"content": piece.text} if piece.text else {}} if self._chat else {"text": piece.text}
        return self._chunk([{"index": index, **said, **self._ending(piece)}])

    def last(self, replies: Sequence[Reply]) -> bytes:
        """What everything took, and the end of the stream."""
        return self._chunk([], **measures(replies)) + b"data: [DONE]\n\n"

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        kind = f"{self._kind}.chunk" if self._chat else self._kind
        return event({**self._head, "object": kind, "choices": choices, **more})

    def _ending(self, piece: Piece) -> dict[str, Any]:
        logprobs = {"content": [self._token(entry) for entry in piece.logprobs]} if piece.logprobs else None
        return {"logprobs": logprobs, "finish_reason": piece.finish}

    def _token(self, entry: Logprobs) -> dict[str, Any]:
        chosen, *others = [
            {"id": token, "token": content.decode("utf-8", "replace"), "bytes": list(content), "logprob": logprob}
            for token, logprob in entry
            for content in [self._tokens(token)]
        ]
        return {**chosen, "top_logprobs": others}


def event(document: dict[str, Any]) -> bytes:
    """A document as a server-sent event."""
    return b"data: " + json.dumps(document, ensure_ascii=False, allow_nan=False).encode() + b"\n\n"


def measures(replies: Sequence[Reply]) -> dict[str, Any]:
    """Tokens of all answers together, and the timings of the first one."""
    usages = [reply.usage() for reply in replies]
    return {
        "usage": {name: sum(usage[name] for usage in usages) for name in usages[0]},
        "timings": replies[0].timings(),
    }


def embeddings(vectors: Sequence[Sequence[float]], model: str, tokens: int, *, as_base64: bool) -> dict[str, Any]:
    """Vectors, as numbers or as base64 of little-endian float32."""
    return {
        "object": "list",
        "model": model,
        "data": [
            {"object": "embedding", "index": index, "embedding": _packed(vector) if as_base64 else list(vector)}
            for index, vector in enumerate(vectors)
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
