"""Compares what an endpoint answers with the golden prompts: is it the model that was evaluated?

Two engines round differently, so the same model may write another token where two are about equally likely. There the
comparison goes on behind the evaluation's token; anywhere else another token is another model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean

from modelops.parity.closeness import Distance, distance, is_near_tie, is_same, odds_shift
from modelops.parity.golden import Golden, GoldenAnswer, Likely
from modelops.parity.replies import Endpoint, Reply, ServedStep
from modelops.parity.results import Divergence, Parity, Reason

MOST_KL = 0.012
"""Nats per token that the rounding of another engine may cost; benchmarks/parity.py measures it."""

DATE_TOKENS = 3
"""Tokens that today's date may be longer or shorter than that of the evaluation."""

_OTHER_MODEL = "other weights, an adapter that is not applied, or a coarser number format"

OnProgress = Callable[[int, int], None]
"""Is told how many prompts are compared, and of how many."""


def quietly(done: int, total: int) -> None:
    """Tell nobody."""


def compare(golden: Golden, endpoint: Endpoint, *, on_progress: OnProgress = quietly) -> Parity:
    """Ask an endpoint the golden prompts, and compare its answers token by token with those of the evaluation.

    Raises what ``endpoint`` raises.
    """
    seen = _Seen()
    on_progress(0, len(golden.answers))
    for number, answer in enumerate(golden.answers, 1):
        _Comparison(golden, answer, number, endpoint, seen).run()
        on_progress(number, len(golden.answers))
    distances = [place.distance for place in seen.places]
    kl = fmean(one.kl for one in distances) if distances else None
    if not seen.divergences and kl is not None and kl > MOST_KL:
        seen.divergences.append(_unlikely(max(seen.places, key=lambda place: place.distance.kl), kl))
    return Parity(
        prompts=len(golden.answers),
        tokens=seen.tokens,
        near_ties=len(seen.shifts),
        ends=seen.ends,
        kl_divergence=kl,
        largest_difference=max((one.difference for one in distances), default=None),
        largest_shift=max(seen.shifts, default=None),
        divergence=next(iter(seen.divergences), None),
    )


@dataclass(frozen=True)
class _Place:
    """A place of an answer, and how far both are from each other there."""

    prompt: int
    kind: str
    position: int
    expected: Likely
    served: ServedStep
    distance: Distance


@dataclass
class _Seen:
    """What the comparison of all prompts has found so far."""

    tokens: int = 0
    ends: int = 0
    shifts: list[float] = field(default_factory=list)
    places: list[_Place] = field(default_factory=list)
    divergences: list[Divergence] = field(default_factory=list)


@dataclass
class _Comparison:
    """The comparison of one answer; ``at`` is the place in it that comes next, from 0."""

    golden: Golden
    answer: GoldenAnswer
    number: int
    endpoint: Endpoint
    seen: _Seen
    at: int = 0

    def run(self) -> None:
        """Compare prompt, tokens and end, up to the first difference that rounding does not explain."""
        reply = self._ask()
        wrote, read = len(self.answer.prompt_ids), reply.prompt_tokens
        if read is not None and abs(read - wrote) > (DATE_TOKENS if self.golden.dated else 0):
            template = self.answer.prompt.messages is not None
            other = "another chat template or begin token" if template else "another tokenizer or begin token"
            self._diverge(
                "prompt", f"the prompt was written with {read} tokens, the evaluation wrote {wrote}: {other}."
            )
            return
        if self.golden.dated and self.answer.prompt.messages is not None:
            reply = self._go_on()
        following: Reply | None = reply
        while following is not None:
            following = self._follow(following)

    def _ask(self) -> Reply:
        prompt = self.answer.prompt
        if prompt.messages is None:
            return self.endpoint.complete(prompt.text or "", self._most)
        # Of a prompt with another date only the length can be compared.
        return self.endpoint.chat(prompt.messages, 1 if self.golden.dated else self._most)

    def _go_on(self) -> Reply:
        """What the endpoint writes after the evaluation's prompt and the tokens of its answer so far."""
        return self.endpoint.complete([*self.answer.prompt_ids, *self.answer.ids[: self.at]], self._most)

    @property
    def _most(self) -> int:
        """Tokens that are left to ask for; one more where the answer ended, to see that it does."""
        return len(self.answer.steps) - self.at + self.answer.ended

    def _follow(self, reply: Reply) -> Reply | None:
        """Compare the tokens of a reply; the next one where a near tie was resolved and there is more to compare."""
        for step in reply.steps:
            if self.at == len(self.answer.steps):
                self._diverge("end", f"the evaluation's answer ended, the endpoint went on with {_shown(step)}.", step)
                return None
            expected = self.answer.steps[self.at]
            found = distance(expected, step)
            if found is not None:
                place = _Place(self.number, self.answer.prompt.kind, self.at + 1, expected[0], step, found)
                self.seen.places.append(place)
            same, shift = is_same(expected[0], step.written), odds_shift(expected, step)
            if not same and not is_near_tie(shift):
                self._other_token(step, shift)
                return None
            self._count()
            if not same and shift is not None:
                self.seen.shifts.append(shift)
                return self._go_on() if self.at < len(self.answer.steps) else None
        return self._missing(reply)

    def _missing(self, reply: Reply) -> Reply | None:
        """What it means that a reply has no more tokens: nothing, or that the endpoint ended too soon."""
        if self.at == len(self.answer.steps):
            self.seen.ends += self.answer.ended
            return None
        expected = self.answer.steps[self.at][0]
        if reply.stopped and expected.id in self.golden.ends:  # an engine may not count the end as a token
            self._count()
            self.seen.ends += 1
            return None
        said = "ended" if reply.stopped else "was cut off"
        self._diverge("end", f"the endpoint's answer {said}, the evaluation went on with {expected.text!r}.")
        return None

    def _count(self) -> None:
        self.at += 1
        self.seen.tokens += 1

    def _other_token(self, step: ServedStep, shift: float | None) -> None:
        expected = self.answer.steps[self.at][0]
        ends = (expected.id in self.golden.ends) or (step.written.id in self.golden.ends)
        message = (
            f"the evaluation wrote {expected.text!r} ({_share(expected.logprob)}), "
            f"the endpoint {_shown(step)} ({_share(step.written.logprob)})"
        )
        if not ends and self._is_prompt():
            message += "; after the evaluation's own prompt tokens it writes the same: another chat template"
            self._diverge("prompt", f"{message}.", step, shift)
        elif ends:
            self._diverge("end", f"{message}.", step, shift)
        else:
            self._diverge("token", f"{message}: {_OTHER_MODEL}.", step, shift)

    def _is_prompt(self) -> bool:
        """Whether the endpoint writes the expected token when it is given the evaluation's own prompt."""
        if self.answer.prompt.messages is None or self.golden.dated:
            return False
        expected, steps = self.answer.steps[self.at], self._go_on().steps
        return bool(steps) and (is_same(expected[0], steps[0].written) or is_near_tie(odds_shift(expected, steps[0])))

    def _diverge(
        self, reason: Reason, message: str, step: ServedStep | None = None, shift: float | None = None
    ) -> None:
        here = self.answer.steps[self.at][0] if self.at < len(self.answer.steps) else None
        position = 0 if reason == "prompt" and step is None else self.at + 1
        where = f"prompt {self.number} ({self.answer.prompt.kind})" + (f", token {position}" if position else "")
        self.seen.divergences.append(
            Divergence(
                prompt=self.number,
                kind=self.answer.prompt.kind,
                position=position,
                expected=here.text if here and position else "",
                served=step.written.text if step else "",
                expected_logprob=here.logprob if here and position else None,
                served_logprob=step.written.logprob if step else None,
                odds_shift=shift,
                reason=reason,
                message=f"{where}: {message}",
            )
        )


def _unlikely(place: _Place, kl: float) -> Divergence:
    """The divergence of an endpoint that writes the same tokens, but expects others too far."""
    written = place.served.written
    return Divergence(
        prompt=place.prompt,
        kind=place.kind,
        position=place.position,
        expected=place.expected.text,
        served=written.text,
        expected_logprob=place.expected.logprob,
        served_logprob=written.logprob,
        odds_shift=None,
        reason="likelihood",
        message=(
            f"the tokens agree, their likelihoods do not ({kl:.2g} nats per token, at most {MOST_KL:g} are rounding): "
            f"{_OTHER_MODEL}."
        ),
    )


def _shown(step: ServedStep) -> str:
    return repr(step.written.text)


def _share(logprob: float) -> str:
    return f"{math.exp(logprob):.0%}"
