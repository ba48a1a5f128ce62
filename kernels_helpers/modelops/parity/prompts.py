"""What is asked to see whether a served model is the one that was evaluated: a few prompts of different kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Messages = tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class Prompt:
    """A conversation to be answered (``messages``), or, for models that know no chats, a text to be continued."""

    kind: str
    """Why it is asked, in a word or two."""
    messages: Messages | None = None
    text: str | None = None


def _chat(kind: str, *turns: tuple[str, str]) -> Prompt:
    return Prompt(kind, messages=tuple({"role": role, "content": content} for role, content in turns))


CHATS = (
    _chat("question", ("user", "What is the capital of France?")),
    # Some templates put in a system prompt of their own where there is none.
    _chat("system prompt", ("system", "You answer in one short sentence."), ("user", "Why is the sky blue?")),
    _chat(
        "two turns",
        ("user", "My name is Ada."),
        ("assistant", "Hello Ada, how can I help you?"),
        ("user", "What is my name?"),
    ),
    # The answer before shows how short it should be, so that the end token comes soon.
    _chat("short answer", ("user", "What is 1 + 1?"), ("assistant", "2"), ("user", "What is 2 + 2?")),
)
"""The built-in conversations."""

TEXTS = (
    Prompt("sentence", text="The capital of France is"),
    Prompt("list", text="Monday, Tuesday, Wednesday,"),
    Prompt("code", text='def fibonacci(n):\n    """Return the first n Fibonacci numbers."""\n'),
    Prompt("story", text="Once upon a time there was a small boat that"),
)
"""The built-in texts."""

MOST_ROWS = 4
"""Rows of a dataset that are asked beside the built-in prompts."""

_TEXT_CHARACTERS = 200


def row_prompts(rows: Iterable[Mapping[str, Any]], *, chats: bool) -> Iterator[Prompt]:
    """The prompts that are in a dataset's rows, in their order: conversations up to their last answer, or texts."""
    for row in rows:
        messages = row.get("messages") or []
        if chats and len(messages) > 1 and messages[-1]["role"] == "assistant":
            turns = tuple({"role": turn["role"], "content": str(turn["content"])} for turn in messages[:-1])
            yield Prompt("row", messages=turns)
        elif not chats and row.get("text"):
            # Cut off between words: half a word is another token than the whole one.
            yield Prompt("row", text=str(row["text"])[:_TEXT_CHARACTERS].rsplit(maxsplit=1)[0])
