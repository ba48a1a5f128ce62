"""The gate: whether a model may be used in another's place, judged on the intervals of what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from modelops.errors import InvalidInput
from modelops.names import in_words

if TYPE_CHECKING:
    from modelops.intervals import Measure

Outcome = Literal["holds", "fails", "undecided"]


class Found(Protocol):
    """Something that is wrong with a model whatever it scores, such as weights that are not finite."""

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...


@dataclass(frozen=True)
class Policy:
    """What a model must hold to; a limit of ``None`` is not asked for. All against a reference but ``min_score``."""

    max_perplexity_increase: float | None = None
    """Largest growth of the perplexity, as a share: 0.05 allows 5 % more than the reference's."""
    min_top1_agreement: float | None = None
    """Smallest share of answer tokens for which both models would choose the same."""
    max_kl_divergence: float | None = None
    """Largest Kullback-Leibler divergence from the reference, in nats a token."""
    min_score: Mapping[str, float] = field(default_factory=dict)
    """Smallest value by the name of a measure, such as ``exact_match``."""

    def limits(self) -> list[tuple[str, str, Literal["at most", "at least"], float]]:
        """Each limit that is asked for: its rule, the measure that it is about, its direction, and its value."""
        limits: list[tuple[str, str, Literal["at most", "at least"], float]] = []
        if self.max_perplexity_increase is not None:
            limits.append(("max_perplexity_increase", "perplexity_ratio", "at most", 1 + self.max_perplexity_increase))
        if self.min_top1_agreement is not None:
            limits.append(("min_top1_agreement", "top1_agreement", "at least", self.min_top1_agreement))
        if self.max_kl_divergence is not None:
            limits.append(("max_kl_divergence", "kl_divergence", "at most", self.max_kl_divergence))
        limits += [("min_score", name, "at least", limit) for name, limit in self.min_score.items()]
        return limits


@dataclass(frozen=True)
class Ruling:
    """What one limit says: it ``holds``, or it ``fails``, for the whole interval; otherwise it is ``undecided``."""

    rule: str
    measure: str
    outcome: Outcome
    sentence: str

    def as_json(self) -> dict[str, str]:
        """The ruling as a JSON object."""
        return {"rule": self.rule, "measure": self.measure, "outcome": self.outcome, "sentence": self.sentence}


@dataclass(frozen=True)
class Verdict:
    """Whether the model passed, and what was said about it."""

    rulings: tuple[Ruling, ...]
    problems: tuple[str, ...]
    """What is wrong with it whatever it scores, in sentences."""

    @property
    def passed(self) -> bool:
        """Whether every limit holds and nothing else is wrong."""
        return not self.problems and all(ruling.outcome == "holds" for ruling in self.rulings)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it did not pass, in sentences."""
        return (*self.problems, *(ruling.sentence for ruling in self.rulings if ruling.outcome != "holds"))

    def as_json(self) -> dict[str, Any]:
        """The verdict as it stands in an artifact's metadata, under ``gate``."""
        return {
            "verdict": "passed" if self.passed else "rejected",
            "reasons": list(self.reasons),
            "rulings": [ruling.as_json() for ruling in self.rulings],
        }

    def __str__(self) -> str:
        marks = {"holds": "✓", "fails": "✗", "undecided": "?"}
        lines = [*(f"✗ {problem}" for problem in self.problems)]
        lines += [f"{marks[ruling.outcome]} {ruling.sentence}" for ruling in self.rulings]
        return "\n".join(["passed" if self.passed else "rejected", *lines])


def judge(policy: Policy, measures: Mapping[str, Measure], problems: Iterable[Found] = ()) -> Verdict:
    """Judge a model by its measures: a limit holds only when the whole 95 % interval is on its right side.

    A model with ``problems`` does not pass, whatever it scores, and need not be measured. Raises ``InvalidInput`` with
    code ``not_measured`` when the policy asks for something that was not measured.
    """
    found = tuple(problem.message for problem in problems)
    if found and not measures:
        return Verdict((), found)
    rulings = []
    for rule, name, direction, limit in policy.limits():
        if name not in measures:
            raise InvalidInput(
                "not_measured",
                f"The policy asks for {name}, which was not measured.",
                f"Measured: {', '.join(sorted(measures)) or 'nothing'}.",
            )
        rulings.append(_rule(rule, name, direction, limit, measures[name]))
    return Verdict(tuple(rulings), found)


def _rule(rule: str, name: str, direction: Literal["at most", "at least"], limit: float, measure: Measure) -> Ruling:
    # Written so that a NaN neither holds nor passes for undecided.
    sign = 1 if direction == "at most" else -1
    best, worst = sorted((sign * measure.low, sign * measure.high))
    outcome: Outcome = "holds" if worst <= sign * limit else "undecided" if best <= sign * limit else "fails"
    found = f"{in_words(name)} {measure.value:.4g} [{measure.low:.4g}, {measure.high:.4g}]"
    sentence = f"{found}, {direction} {limit:.4g} is asked for"
    if outcome == "undecided":
        sentence += ": the interval reaches across the limit; more rows would decide"
    return Ruling(rule, name, outcome, f"{sentence}.")
