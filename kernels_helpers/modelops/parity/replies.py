"""What an endpoint answers when it is asked for tokens with their likelihoods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from modelops.errors import Unavailable
from modelops.parity.prompts import Messages

TOP = 5
"""Likeliest tokens that are asked for at each place."""

_BY_ID = {"return_tokens_as_token_ids": True}
"""vLLM names a token only by its text, or with this by its id; other engines tell both, and take no notice."""
_ID = "token_id:"


@dataclass(frozen=True)
class Served:
    """A token that an endpoint considered; what it does not say is ``None``."""

    id: int | None
    bytes: bytes | None
    logprob: float

    @property
    def text(self) -> str:
        return (self.bytes or b"").decode(errors="replace") or f"token {self.id}"


@dataclass(frozen=True)
class ServedStep:
    """The token that was written at a place, and the likeliest there."""

    written: Served
    likeliest: tuple[Served, ...]


@dataclass(frozen=True)
class Reply:
    """An answer of an endpoint."""

    steps: tuple[ServedStep, ...]
    prompt_tokens: int | None
    """Tokens of the prompt, as the endpoint counts them."""
    stopped: bool
    """Whether the model ended it; otherwise it was cut off."""


class Endpoint(Protocol):
    """A served model that is asked; both requests are answered with the likeliest tokens (temperature 0)."""

    def chat(self, messages: Messages, max_tokens: int) -> Reply:
        """The answer to a conversation, written out by the endpoint's own chat template."""

    def complete(self, prompt: str | Sequence[int], max_tokens: int) -> Reply:
        """What follows a text, or tokens."""


def chat_request(messages: Messages, max_tokens: int) -> dict[str, Any]:
    """The body of ``POST /v1/chat/completions`` for :meth:`Endpoint.chat`, but for ``model``."""
    turns = [dict(turn) for turn in messages]
    return {
        "messages": turns,
        "max_tokens": max_tokens,
        "temperature": 0,
        "logprobs": True,
        "top_logprobs": TOP,
        **_BY_ID,
    }


def completion_request(prompt: str | Sequence[int], max_tokens: int) -> dict[str, Any]:
    """The body of ``POST /v1/completions`` for :meth:`Endpoint.complete`, but for ``model``."""
    asked = prompt if isinstance(prompt, str) else list(prompt)
    return {"prompt": asked, "max_tokens": max_tokens, "temperature": 0, "logprobs": TOP, **_BY_ID}


def read_reply(body: Mapping[str, Any]) -> Reply:
    """The reply in the body of an answer to either request; raises ``Unavailable`` (``no_logprobs``)."""
    choice = body["choices"][0]
    logprobs = choice.get("logprobs") or {}
    content = _as_content(logprobs) if "token_logprobs" in logprobs else logprobs.get("content")
    if content is None:
        raise Unavailable(
            "no_logprobs",
            "The endpoint does not say how likely its tokens are, so that it cannot be compared with the evaluation.",
            "Serve the model with an engine that answers logprobs.",
        )
    return Reply(
        steps=tuple(ServedStep(_served(entry), tuple(map(_served, entry["top_logprobs"]))) for entry in content),
        prompt_tokens=(body.get("usage") or {}).get("prompt_tokens"),
        stopped=choice.get("finish_reason") == "stop",
    )


def _as_content(logprobs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What OpenAI's first API says of a completion's tokens, in the form that chats have."""
    return [
        {
            "token": token,
            "logprob": logprob,
            "top_logprobs": [{"token": other, "logprob": value} for other, value in likeliest.items()],
        }
        for token, logprob, likeliest in zip(
            logprobs["tokens"], logprobs["token_logprobs"], logprobs["top_logprobs"], strict=True
        )
    ]


def _served(entry: Mapping[str, Any]) -> Served:
    token, logprob = str(entry.get("token", "")), float(entry["logprob"])
    if "id" not in entry and token.startswith(_ID):
        return Served(int(token.removeprefix(_ID)), None, logprob)
    written = entry.get("bytes")
    return Served(entry.get("id"), None if written is None else bytes(written), logprob)
