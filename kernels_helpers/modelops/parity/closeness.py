"""How far an endpoint's expectation of the next token is from the evaluation's, as far as both tell it."""

from __future__ import annotations

import math
from typing import NamedTuple

from modelops.parity.golden import Likely, Step
from modelops.parity.replies import Served, ServedStep

NEAR_TIE = 1.0
"""Nats by which rounding may move the odds of two tokens; benchmarks/parity.py measures how far it moves them."""

_LEAST = 1e-6


class Distance(NamedTuple):
    """How far both are from each other at one place."""

    kl: float
    """KL(evaluation ‖ endpoint) in nats over the tokens that both name, all others taken together."""
    difference: float
    """Between the logarithms of the probability of the token that the evaluation wrote, in nats."""


def is_same(expected: Likely, served: Served) -> bool:
    """Whether both are the same token; by their ids where the endpoint tells them, otherwise by what they write."""
    return served.id == expected.id if served.id is not None else served.bytes == expected.bytes


def distance(expected: Step, served: ServedStep) -> Distance | None:
    """How far both are from each other; ``None`` where the endpoint does not name what the evaluation wrote."""
    pairs = [(one.logprob, other.logprob) for one in expected if (other := named(one, served))]
    written = named(expected[0], served)
    if written is None:
        return None
    ours, theirs = [math.exp(one) for one, _ in pairs], [math.exp(other) for _, other in pairs]
    # What is left for all other tokens; rounding may leave a little less than nothing.
    ours.append(max(1 - sum(ours), _LEAST))
    theirs.append(max(1 - sum(theirs), _LEAST))
    kl = sum(p * math.log(p / max(q, _LEAST)) for p, q in zip(ours, theirs, strict=True) if p > _LEAST)
    return Distance(kl, abs(expected[0].logprob - written.logprob))


def odds_shift(expected: Step, served: ServedStep) -> float | None:
    """How far the odds of the token that the evaluation wrote against the one that the endpoint wrote were moved.

    Their logarithm is above 0 for the evaluation and below for the endpoint; what lies between, in nats, is what
    rounding would have to explain. ``None`` where one of them does not name the other's token among the likeliest.
    """
    ours = next((one for one in expected if is_same(one, served.written)), None)
    theirs = named(expected[0], served)
    if ours is None or theirs is None:
        return None
    return (expected[0].logprob - ours.logprob) + (served.written.logprob - theirs.logprob)


def is_near_tie(shift: float | None) -> bool:
    """Whether rounding explains that odds were moved so far."""
    return shift is not None and shift <= NEAR_TIE


def named(token: Likely, served: ServedStep) -> Served | None:
    """A token among those that the endpoint names at a place."""
    return next((one for one in (served.written, *served.likeliest) if is_same(token, one)), None)
