"""What a comparison of a served model with its golden prompts found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Reason = Literal["prompt", "token", "end", "likelihood"]


@dataclass(frozen=True)
class Divergence:
    """Where a served model first does otherwise than the evaluated one, and what it does."""

    prompt: int
    """Which of the prompts, from 1."""
    kind: str
    """What kind of prompt it is."""
    position: int
    """Which token of the answer, from 1; 0 where the prompt is read otherwise already."""
    expected: str
    """What the evaluation wrote there; empty where nothing more was written."""
    served: str
    """What the endpoint wrote there; empty where nothing more was written."""
    expected_logprob: float | None
    """How likely the evaluation found what it wrote (natural logarithm)."""
    served_logprob: float | None
    """How likely the endpoint found what it wrote itself."""
    odds_shift: float | None
    """Nats by which the odds of both tokens differ; ``None`` where one is not among the other's likeliest."""
    reason: Reason
    message: str
    """One sentence for a person."""


@dataclass(frozen=True)
class Parity:
    """Whether an endpoint serves what was evaluated, and on how much that was seen."""

    prompts: int
    """Prompts that were asked."""
    tokens: int
    """Tokens of their answers that were compared."""
    near_ties: int
    """Places where the endpoint wrote another token that was as good as equally likely to both."""
    ends: int
    """Answers whose end was compared: without one a wrong end token is not seen."""
    kl_divergence: float | None
    """Mean over places: how many nats it costs to expect what the endpoint expects; among the likeliest tokens."""
    largest_difference: float | None
    """Largest difference of the logarithm of the probability of a token that the evaluation wrote, in nats."""
    largest_shift: float | None
    """Largest difference of the odds of both tokens at a near tie, in nats."""
    divergence: Divergence | None = None
    """The first one; ``None`` where there is none."""

    @property
    def agrees(self) -> bool:
        """Whether what is served is what was evaluated."""
        return self.divergence is None

    @property
    def sentence(self) -> str:
        """The result in one sentence for a person."""
        if self.divergence is not None:
            return f"Not served as evaluated: {self.divergence.message}"
        ties = f", {self.near_ties} of them near ties" if self.near_ties else ""
        ends = "" if self.ends else "; no answer ended, so the end token was not compared"
        return f"Served as evaluated: {self.tokens} tokens of {self.prompts} answers agree{ties}{ends}."

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"agrees": self.agrees, "sentence": self.sentence, **asdict(self)}
