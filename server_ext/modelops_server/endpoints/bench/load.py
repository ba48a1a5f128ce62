"""Sends chats to a server of the OpenAI API, so many at a time, and measures how each is answered."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from modelops_server.endpoints.percentiles import percentiles

PROMPTS = (
    "Explain what a hash table is, and when it is slow.",
    "Write a short story about a lighthouse keeper who finds a letter.",
    "List five ways to make a Python program faster, each with a reason.",
    "What is the difference between a process and a thread?",
    "Describe how bread is made, step by step.",
    "Why is the sky blue? Answer for a curious child.",
    "Compare trains and aeroplanes for a journey of 500 kilometres.",
    "What should one look for when reviewing somebody else's code?",
)


@dataclass(frozen=True)
class Answered:
    """One request: seconds until its first token and until its end, tokens written, and what went wrong."""

    first: float
    total: float
    tokens: int
    error: str | None = None


@dataclass(frozen=True)
class Level:
    """What was measured with so many requests at a time."""

    concurrency: int
    seconds: float
    answers: tuple[Answered, ...]

    @property
    def good(self) -> list[Answered]:
        """The requests that were answered."""
        return [answer for answer in self.answers if answer.error is None]

    def as_json(self) -> dict[str, Any]:
        """Tokens a second of all requests together, percentiles in seconds, and errors by what they say."""
        errors: dict[str, int] = {}
        for answer in self.answers:
            if answer.error is not None:
                errors[answer.error] = errors.get(answer.error, 0) + 1
        return {
            "concurrency": self.concurrency,
            "requests": len(self.answers),
            "seconds": self.seconds,
            "tokens": sum(answer.tokens for answer in self.good),
            "tokens_per_second": sum(answer.tokens for answer in self.good) / self.seconds,
            "first_token": percentiles([answer.first for answer in self.good]),
            "latency": percentiles([answer.total for answer in self.good]),
            "errors": errors,
        }


async def run_level(
    client: httpx.AsyncClient,
    models: Sequence[str],
    concurrency: int,
    requests: int,
    max_tokens: int,
) -> Level:
    """Send ``requests`` chats, ``concurrency`` at a time, in turn to the ``models``; each writes ``max_tokens`` tokens.

    ``client`` has the API's ``/v1`` as its base and the key among its headers. Every prompt is another one, so that
    none is answered from a cache.
    """
    numbers, answers = iter(range(requests)), []

    async def work() -> None:
        for number in numbers:
            model = models[number % len(models)]
            prompt = f"({concurrency}.{number}) {PROMPTS[number % len(PROMPTS)]}"
            answers.append(await ask(client, model, prompt, max_tokens))

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return Level(concurrency, time.monotonic() - began, tuple(answers))


async def ask(client: httpx.AsyncClient, model: str, prompt: str, max_tokens: int) -> Answered:
    """Ask one question, and read the answer as it is written."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": max_tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
        # Of llama.cpp, transformers' engine and vLLM; others leave it out.
        "ignore_eos": True,
    }
    began = time.monotonic()
    first, pieces, tokens = None, 0, None
    try:
        async with client.stream("POST", "chat/completions", json=body) as response:
            if response.is_error:
                await response.aread()
                return Answered(0, time.monotonic() - began, 0, f"{response.status_code} {response.reason_phrase}")
            async for line in response.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                chunk = json.loads(line.removeprefix("data: "))
                if "error" in chunk:
                    return Answered(0, time.monotonic() - began, 0, str(chunk["error"].get("code") or "error"))
                if any((choice.get("delta") or {}).get("content") for choice in chunk.get("choices") or ()):
                    pieces += 1
                    first = first or time.monotonic() - began
                if usage := chunk.get("usage"):
                    tokens = int(usage["completion_tokens"])
    except httpx.HTTPError as error:
        return Answered(0, time.monotonic() - began, 0, type(error).__name__)
    total = time.monotonic() - began
    return Answered(first or total, total, pieces if tokens is None else tokens)


def levels(text: str) -> Iterator[int]:
    """The numbers in ``1,4,8``; raises ``ValueError`` for anything else."""
    for part in text.split(","):
        number = int(part)
        if not 1 <= number <= 1024:
            raise ValueError(f"{number} requests at a time cannot be sent")
        yield number
