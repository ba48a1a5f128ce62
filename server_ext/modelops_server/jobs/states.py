"""What can be true of a job: its states, the moves between them, and the reasons why one did not succeed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from modelops.errors import Conflict


class State(StrEnum):
    """Where a job is. The last four are terminal: a job that is there never moves again."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    FINALIZING = "finalizing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def terminal(self) -> bool:
        return self in TERMINAL


ACTIVE = frozenset({State.STARTING, State.RUNNING, State.FINALIZING})
"""States in which an attempt has, or should have, a runner."""

TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.INTERRUPTED})

_ENDINGS = frozenset({State.FAILED, State.CANCELLED, State.INTERRUPTED})

MOVES: dict[State, frozenset[State]] = {
    # It fails there when a job whose output it needs did not succeed.
    State.QUEUED: frozenset({State.STARTING, State.CANCELLED, State.FAILED}),
    # Back to the queue when the attempt ended for a reason for which the job is tried again.
    State.STARTING: frozenset({State.RUNNING, State.QUEUED}) | _ENDINGS,
    State.RUNNING: frozenset({State.FINALIZING, State.QUEUED}) | _ENDINGS,
    State.FINALIZING: frozenset({State.SUCCEEDED, State.QUEUED}) | _ENDINGS,
    **dict.fromkeys(TERMINAL, frozenset()),
}


def check_move(before: State, after: State) -> None:
    """Raise ``Conflict`` when a job cannot go from ``before`` to ``after``."""
    if after not in MOVES[before]:
        raise Conflict(
            "impossible_move",
            f"A job that is {before} cannot become {after}.",
            "Read the job again: it has moved on." if before.terminal else "",
            before=before.value,
            after=after.value,
        )


class ReasonCode(StrEnum):
    """Why a job ended without success; stable, for programs."""

    CELL_ERROR = "cell_error"
    KERNEL_DIED = "kernel_died"
    KERNEL_NOT_STARTED = "kernel_not_started"
    OUT_OF_MEMORY = "out_of_memory"
    TIMEOUT = "timeout"
    EARLY_EXIT = "early_exit"
    NON_FINITE = "non_finite"
    DISK_FULL = "disk_full"
    INVALID_OUTPUT = "invalid_output"
    PREFLIGHT = "preflight"
    DEPENDENCY_FAILED = "dependency_failed"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"
    RUNNER_DIED = "runner_died"
    FENCED = "fenced"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True)
class Reason:
    """Why a job ended as it did: a code, a sentence for a person, a hint, and the facts behind them (JSON values)."""

    code: str
    message: str
    hint: str = ""
    """What helps; in its commands ``ID`` stands for the job."""
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": str(self.code), "message": self.message, "hint": self.hint, "details": self.details}

    def of(self, job_id: str) -> Reason:
        """The same with commands that can be copied: the job's id in place of ``ID``."""
        return replace(self, hint=self.hint.replace(" ID", f" {job_id}"))

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Reason:
        return cls(document["code"], document["message"], document.get("hint", ""), document.get("details", {}))


class AttemptEnded(Exception):
    """An attempt is over without success: in which state, and why."""

    def __init__(self, state: State, reason: Reason) -> None:
        super().__init__(reason.message)
        self.state = state
        self.reason = reason

    @classmethod
    def failed(cls, code: ReasonCode, message: str, hint: str = "", **details: Any) -> AttemptEnded:
        """The attempt failed for ``code``."""
        return cls(State.FAILED, Reason(code, message, hint, details))
