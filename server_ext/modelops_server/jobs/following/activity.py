"""Whether jobs keep a server busy: so that it is not culled under them, and not kept for ever by one that hangs."""

from __future__ import annotations

import time
from collections.abc import Iterable

from modelops.paths import StateHome
from modelops_server.jobs.queue.changes import Glimpse
from modelops_server.jobs.spec import JobSpec

STORING = 300.0
"""Seconds that an attempt may take beyond its time limit: what it made is hashed, signed and stored after that."""


class Activity:
    """Tells whether any job is at work within its time limit.

    Limits count from when this server first saw the attempt, by a clock that nobody sets: a server is neither culled
    for a wall clock that jumped, nor kept for one that went back.
    """

    def __init__(self, home: StateHome, storing: float = STORING) -> None:
        self._home = home
        self._storing = storing
        self._ends: dict[tuple[str, int], float] = {}

    def any(self, jobs: Iterable[Glimpse]) -> bool:
        """Whether one of ``jobs`` has a living runner, and time left if its time is limited."""
        active = {(job.id, job.epoch): job for job in jobs if job.active}
        self._ends = {attempt: self._ends.get(attempt) or self._end(job) for attempt, job in active.items()}
        now = time.monotonic()
        return any(now < self._ends[attempt] and job.runs() for attempt, job in active.items())

    def _end(self, job: Glimpse) -> float:
        try:
            options = JobSpec.read(self._home.jobs / job.id).options
        except (OSError, ValueError, TypeError, KeyError):  # a job without a folder is about to end
            return time.monotonic() + self._storing
        if options.timeout is None:
            return float("inf")
        return time.monotonic() + options.start_timeout + options.timeout + options.grace + self._storing
