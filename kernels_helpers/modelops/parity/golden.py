"""The golden prompts of a model: what was asked when it was evaluated, and token by token what it answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput
from modelops.parity.prompts import Prompt

FILE = "golden.json"
"""Where an artifact keeps them."""

FORMAT = 1
"""The version of the file's format."""


@dataclass(frozen=True)
class Likely:
    """A token at one place of an answer, and the natural logarithm of its probability there."""

    id: int
    bytes: bytes
    """What it writes; of a special token its name."""
    logprob: float

    @property
    def text(self) -> str:
        """What it writes, as far as it is whole characters."""
        return self.bytes.decode(errors="replace")

    def as_json(self) -> dict[str, Any]:
        """As a JSON object; with ``bytes`` only where the text does not tell them."""
        rest = {} if self.text.encode() == self.bytes else {"bytes": list(self.bytes)}
        return {"id": self.id, "text": self.text, **rest, "logprob": round(self.logprob, 5)}


Step = tuple[Likely, ...]
"""The likeliest tokens at one place of an answer: what was written, and what could have been."""


@dataclass(frozen=True)
class GoldenAnswer:
    """A prompt, the tokens that the model read for it, and the tokens that it wrote."""

    prompt: Prompt
    prompt_ids: tuple[int, ...]
    steps: tuple[Step, ...]
    ended: bool
    """Whether the last token is one that ends an answer; otherwise it was cut off there."""

    @property
    def ids(self) -> list[int]:
        """The ids of the answer."""
        return [step[0].id for step in self.steps]

    @property
    def text(self) -> str:
        """The answer, the end token left out."""
        return b"".join(step[0].bytes for step in self.steps[: -1 if self.ended else None]).decode(errors="replace")


@dataclass(frozen=True)
class Golden:
    """The golden prompts of one model, and how its answers were computed."""

    answers: tuple[GoldenAnswer, ...]
    ends: tuple[int, ...]
    """Ids of the tokens that end an answer."""
    dated: bool
    """Whether the chat template writes today's date, so that other days have other prompts."""
    computed: Mapping[str, str]
    """``dtype``, ``device``, digests of ``tokenizer`` and ``chat_template``, and the versions of what computed them."""
    subject: Mapping[str, str] | None = None
    """``ref`` and ``digest`` of the artifact that was asked, where the file is not its own."""

    def as_json(self) -> dict[str, Any]:
        """The content of the file."""
        answers = [
            {
                "kind": answer.prompt.kind,
                **(
                    {"text": answer.prompt.text}
                    if answer.prompt.messages is None
                    else {"messages": [dict(turn) for turn in answer.prompt.messages]}
                ),
                "prompt_ids": list(answer.prompt_ids),
                "ended": answer.ended,
                "answer": answer.text,
                "tokens": [[likely.as_json() for likely in step] for step in answer.steps],
            }
            for answer in self.answers
        ]
        return {
            "format": FORMAT,
            "subject": dict(self.subject) if self.subject else None,
            "computed": dict(self.computed),
            "ends": list(self.ends),
            "dated": self.dated,
            "prompts": answers,
        }

    def write(self, folder: Path) -> Path:
        """Write the file into an artifact's folder; returns its path."""
        path = folder / FILE
        path.write_text(json.dumps(self.as_json(), ensure_ascii=False, allow_nan=False))
        return path


def read_golden(path: Path) -> Golden:
    """The golden prompts in a file; raises ``InvalidInput`` (``invalid_golden``) for what is none of this format."""
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise ValueError(f"its format is {document['format']!r}, not {FORMAT}")
        return Golden(
            answers=tuple(map(_read_answer, document["prompts"])),
            ends=tuple(map(int, document["ends"])),
            dated=bool(document["dated"]),
            computed=dict(document["computed"]),
            subject=dict(document["subject"]) if document["subject"] else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidInput(
            "invalid_golden",
            f"{path.name} does not hold golden prompts that can be read: {error}.",
            "Evaluate the model again with this version.",
        ) from error


def _read_answer(answer: Mapping[str, Any]) -> GoldenAnswer:
    messages = answer.get("messages")
    prompt = Prompt(
        str(answer["kind"]),
        messages=None if messages is None else tuple(dict(turn) for turn in messages),
        text=answer.get("text"),
    )
    steps = tuple(
        tuple(
            Likely(
                int(likely["id"]),
                bytes(likely["bytes"]) if "bytes" in likely else likely["text"].encode(),
                float(likely["logprob"]),
            )
            for likely in step
        )
        for step in answer["tokens"]
    )
    if not all(steps):
        raise ValueError("a token has no likelihood")
    return GoldenAnswer(prompt, tuple(map(int, answer["prompt_ids"])), steps, bool(answer["ended"]))
