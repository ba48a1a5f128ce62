"""Jobs and attempts as the queue knows them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelops_server.jobs.processes import Identity, boot_id
from modelops_server.jobs.states import Reason, State

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

    def expired(self, lease: float = LEASE) -> bool:
        """Whether the lease has run out, or was given in another boot."""
        owner = self.runner or self.scheduler
        return owner is None or owner.boot_id != boot_id() or time.monotonic() - self.heartbeat > lease


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
            "peak_memory": self.attempt.peak_memory if self.attempt else None,
            "folder": str(self.folder),
        }


def now() -> str:
    """This moment as RFC 3339 text in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
