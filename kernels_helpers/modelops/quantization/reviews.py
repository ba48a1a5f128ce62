"""What a review of a quantized model says: how its weights are stored, and what went wrong without a word."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from modelops.errors import ModelOpsError


@dataclass(frozen=True)
class Weight:
    """One tensor of the quantized model: ``type`` is how it is stored, ``parameters`` counts its numbers."""

    name: str
    type: str
    parameters: int


@dataclass(frozen=True)
class Problem:
    """Something that would make the model worse without an error: ``code`` for programs, ``message`` for people."""

    code: str
    message: str

    def as_json(self) -> dict[str, str]:
        """The problem as a JSON object."""
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True)
class Review:
    """What was found in a quantized model. ``size`` is in bytes, of all its weights."""

    size: int
    weights: tuple[Weight, ...]
    fallbacks: tuple[Weight, ...]
    """Weights that could not be stored as asked for, and are stored in another type."""
    problems: tuple[Problem, ...]

    @property
    def parameters(self) -> int:
        """How many numbers its weights are."""
        return sum(weight.parameters for weight in self.weights)

    @property
    def bits_per_weight(self) -> float:
        """Bits that one weight takes on average."""
        return 8 * self.size / self.parameters if self.parameters else 0.0

    @property
    def stored(self) -> dict[str, int]:
        """Parameters by how they are stored, the most frequent type first."""
        count: Counter[str] = Counter()
        for weight in self.weights:
            count[weight.type] += weight.parameters
        return dict(count.most_common())

    @property
    def composition(self) -> str:
        """How the parameters are stored, but for less than a thousandth of them, such as ``Q8_0 78%, F32 22%``."""
        counts = {type: count for type, count in self.stored.items() if count > self.parameters / 1000}
        return ", ".join(f"{type} {count / self.parameters:.0%}" for type, count in counts.items())

    def refused(self, error: ModelOpsError) -> Review:
        """This review with what an engine said that does not run the model."""
        return replace(self, problems=(*self.problems, Problem(error.code, error.message)))

    def as_json(self) -> dict[str, Any]:
        """The review as a JSON object."""
        return {
            "size_bytes": self.size,
            "parameters": self.parameters,
            "bits_per_weight": round(self.bits_per_weight, 3),
            "stored": self.stored,
            "fallbacks": {weight.name: weight.type for weight in self.fallbacks},
            "problems": [problem.as_json() for problem in self.problems],
        }


_TOO_LARGE, _TOO_SMALL = 1.45, 0.75
"""How far the bits of a weight may be from what was asked for: methods store some weights in more bits, on purpose."""


def not_applied(bits: float, expected: float) -> list[Problem]:
    """The problem that a weight takes ``bits`` bits on average where ``expected`` were asked for, if it is one."""
    if _TOO_SMALL * expected <= bits <= _TOO_LARGE * expected:
        return []
    return [
        Problem(
            "quantization_not_applied",
            f"A weight takes {bits:.1f} bits on average, not the {expected:.1f} that were asked for.",
        )
    ]


def texts_of(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """What :func:`lost_text` compares, as a tokenizer says it."""
    return {
        "chat_template": tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else None,
        "eos_token_id": tokenizer.eos_token_id,
        "vocabulary_size": len(tokenizer),
    }


def lost_text(before: dict[str, Any], after: dict[str, Any]) -> list[Problem]:
    """Problems where what is said of texts differs: ``chat_template``, ``eos_token_id``, ``vocabulary_size``."""
    problems = []
    if before["chat_template"] != after["chat_template"]:
        what = "is lost" if after["chat_template"] is None else "is another one"
        problems.append(Problem("chat_template_lost", f"The chat template {what}."))
    if before["eos_token_id"] != after["eos_token_id"]:
        problems.append(
            Problem(
                "eos_lost",
                f"The end-of-turn token is {after['eos_token_id']}, not {before['eos_token_id']}: no answer would end.",
            )
        )
    if after["vocabulary_size"] < before["vocabulary_size"]:
        problems.append(
            Problem(
                "vocabulary_lost",
                f"It has {after['vocabulary_size']} tokens; the model had {before['vocabulary_size']}.",
            )
        )
    return problems
