"""What comes of a prompt: an answer, or the reason why there is none; and how answers are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from modelops.generation.prompts import Key

OnProgress = Callable[[int, int], None]
"""Is told how many prompts are done, and of how many."""


@dataclass(frozen=True)
class Settings:
    """How answers are chosen: the same words in both ways of asking."""

    max_tokens: int
    temperature: float
    """0 takes the likeliest token each time."""
    top_p: float
    seed: int


@dataclass(frozen=True)
class _OfPrompt:
    """What came of the prompt of a row, for one of its samples."""

    row: int
    sample: int

    @property
    def key(self) -> Key:
        return self.row, self.sample

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Answer(_OfPrompt):
    """What a model answered to a prompt."""

    text: str
    finish_reason: str
    """``stop`` where the model ended it, ``length`` where the limit did."""
    tokens: int | None
    """Tokens that were written; ``None`` where an engine does not say."""
    prompt_tokens: int | None


@dataclass(frozen=True)
class Refusal(_OfPrompt):
    """Why a prompt has no answer that could be kept."""

    code: str
    message: str


Outcome = Answer | Refusal


def outcome_of(fields: Mapping[str, Any]) -> Outcome:
    """What :meth:`as_json` wrote; raises ``TypeError`` for anything else."""
    return Refusal(**fields) if "code" in fields else Answer(**fields)
