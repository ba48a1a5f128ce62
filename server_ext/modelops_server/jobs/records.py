"""Jobs and attempts as the queue knows them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelops_server.jobs.resources import Request
from modelops_server.jobs.states import Reason, State
from modelops_server.processes import Identity, boot_id

LEASE = 20.0
"""Seconds without a heartbeat after which an attempt counts as lost."""


@dataclass(frozen=True)
class Attempt:
    """One execution of a job by one runner."""

    epoch: int
    scheduler: Identity | None
    runner: Identity | None
    heartbeat: float
    """When the lease was last renewed: this boot's monotonic clock, which no change of the wall clock moves."""
    started: str
    finished: str | None
    peak_memory: int | None
    """Largest resident memory of kernel and descendants that was seen, in bytes."""
    gpus: tuple[str, ...]
    """The GPUs that it holds, as ``CUDA_VISIBLE_DEVICES`` takes them."""
    outcome: str | None
    """The state that it ended in."""
    reason: Reason | None
    """Why it ended, where it did not succeed."""

    def expired(self, lease: float = LEASE) -> bool:
        """Whether the lease has run out, or was given in another boot."""
        owner = self.runner or self.scheduler
        return owner is None or owner.boot_id != boot_id() or time.monotonic() - self.heartbeat > lease

    def as_json(self) -> dict[str, Any]:
        """The attempt for ``--json``."""
        return {
            "attempt": self.epoch,
            "outcome": self.outcome,
            "reason": self.reason.as_json() if self.reason else None,
            "started": self.started,
            "finished": self.finished,
            "peak_memory": self.peak_memory,
            "gpus": list(self.gpus),
        }


@dataclass(frozen=True)
class Job:
    """A job as the queue knows it."""

    id: str
    number: int
    name: str
    template: str
    executor: str
    state: State
    epoch: int
    reason: Reason | None
    artifacts: tuple[str, ...]
    submitted: str
    started: str | None
    finished: str | None
    cancel_requested: bool
    priority: int
    request: Request
    """What it needs while it runs."""
    retries_left: int
    retry_of: str | None
    """The job that it repeats."""
    attempt: Attempt | None
    folder: Path

    def as_json(self) -> dict[str, Any]:
        """The job for ``--json``."""
        return {
            "id": self.id,
            "name": self.name,
            "template": self.template,
            "executor": self.executor,
            "state": self.state.value,
            "reason": self.reason.as_json() if self.reason else None,
            "artifacts": list(self.artifacts),
            "attempt": self.epoch,
            "submitted": self.submitted,
            "started": self.started,
            "finished": self.finished,
            "cancel_requested": self.cancel_requested,
            "priority": self.priority,
            "resources": self.request.as_json(),
            "retries_left": self.retries_left,
            "retry_of": self.retry_of,
            "gpus": list(self.attempt.gpus) if self.attempt else [],
            "peak_memory": self.attempt.peak_memory if self.attempt else None,
            "folder": str(self.folder),
        }


def now() -> str:
    """This moment as RFC 3339 text in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
