"""One reply that is being made: its tokens, its text, when it ends, and what is said of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelops_server.endpoints.engines.transformers.detokenizing import Detokenizer, Stops
from modelops_server.endpoints.engines.transformers.problems import Problem, non_finite
from modelops_server.endpoints.engines.transformers.sampling import Sampler, likelihoods

if TYPE_CHECKING:
    import torch

Logprobs = list[tuple[int, float]]
"""A chosen token with its log-probability, then the likeliest ones with theirs."""


@dataclass
class Piece:
    """What is new of an answer."""

    text: str = ""
    logprobs: list[Logprobs] = field(default_factory=list)
    finish: str | None = None
    """``stop`` or ``length`` in the last piece."""
    problem: Problem | None = None
    """Why there is no answer; then this is the last piece."""

    @property
    def last(self) -> bool:
        """Whether nothing follows."""
        return self.finish is not None or self.problem is not None


@dataclass
class Reply:
    """One reply. The thread of the model calls its methods; ``deliver`` may be told from there, and must not block."""

    prompt: list[int]
    adapter: str | None
    sampler: Sampler
    text: Detokenizer
    stops: Stops
    ends: frozenset[int]
    """Tokens that end the answer, and are not part of its text."""
    room: int
    """The most tokens of the answer."""
    alternatives: int | None
    """How many likely tokens are named beside each chosen one; ``None``: none are, nor their likelihoods."""
    streamed: bool
    """Whether each piece is delivered at once, or all together at the end."""
    deliver: Callable[[Piece], None]

    answer: list[int] = field(default_factory=list)
    cancelled: bool = False
    """Nobody waits for it any more; any thread may say so."""
    ended: bool = False
    began_at: float = 0.0
    first_at: float = 0.0
    ended_at: float = 0.0
    _pending: Piece = field(default_factory=Piece)

    def begin(self) -> None:
        """The model starts to read the prompt."""
        self.began_at = time.monotonic()

    def advance(self, logits: torch.Tensor, likeliest: int, highest: float) -> int:
        """Choose the next token by its logits, whose highest is the ``likeliest`` one's; returns it."""
        if not math.isfinite(highest):
            self.fail(non_finite())
            return likeliest
        if self.alternatives is not None:
            self._pending.logprobs.append(likelihoods(logits, likeliest, self.alternatives))
        token = likeliest if self.sampler.likeliest else self.sampler.choose(logits, self.answer)
        if self.alternatives is not None and token != likeliest:
            self._pending.logprobs[-1] = likelihoods(logits, token, self.alternatives)
        self._take(token)
        return token

    def fail(self, problem: Problem) -> None:
        """There will be no more of the answer."""
        self._end(Piece(problem=problem))

    def usage(self) -> dict[str, int]:
        """How many tokens were read and written, the one that ended the answer among them."""
        read, written = len(self.prompt), len(self.answer)
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}

    def timings(self) -> dict[str, Any]:
        """How long the prompt took, up to the first token, and the answer behind that; milliseconds, tokens/s."""
        prompt, answer = 1000 * (self.first_at - self.began_at), 1000 * (self.ended_at - self.first_at)
        return {
            "prompt_n": len(self.prompt),
            "prompt_ms": prompt,
            "prompt_per_second": _rate(len(self.prompt), prompt),
            "predicted_n": len(self.answer),
            "predicted_ms": answer,
            "predicted_per_second": _rate(len(self.answer), answer),
        }

    def _take(self, token: int) -> None:
        self.first_at = self.first_at or time.monotonic()
        self.answer.append(token)
        if token in self.ends:
            self._pending.text += self._rest()
            self._pending.finish = "stop"
        else:
            self._pending.text += self.stops.add(self.text.add(token))
            if self.stops.found:
                self._pending.finish = "stop"
            elif len(self.answer) >= self.room:
                self._pending.text += self._rest()
                self._pending.finish = "length"
        if self._pending.finish:
            self._end(self._pending)
        elif self.streamed and (self._pending.text or self._pending.logprobs):
            piece, self._pending = self._pending, Piece()
            self.deliver(piece)

    def _rest(self) -> str:
        return self.stops.add(self.text.rest()) + self.stops.rest()

    def _end(self, piece: Piece) -> None:
        self.ended = True
        self.ended_at = time.monotonic()
        self.deliver(piece)


def _rate(tokens: int, milliseconds: float) -> float:
    return 1000 * tokens / milliseconds if milliseconds > 0 else 0.0
