"""What readers are told of the jobs that they follow, and whether everything has been said of one that has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.errors import NotFound
from modelops_server.jobs.journal import EVENTS, parse_event, read_lines
from modelops_server.jobs.queue.changes import Changes
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.states import TERMINAL, State

Describe = Callable[[Queue, str], dict[str, Any]]
"""Makes the document of a job that readers get."""

_LAST_WORDS = 2.0
"""Seconds that a job which has ended may take to write that into its journal."""
_TAIL = 1 << 16


@dataclass
class Description:
    """A job as its readers are told."""

    document: dict[str, Any]
    queued: bool
    ended: bool
    complete: bool = False
    """Whether it has ended, and its journal with it: then what has been read to the end is all."""


class Descriptions:
    """The jobs that have readers; each is described anew when something of it has changed. Lives in one thread."""

    def __init__(self, describe: Describe) -> None:
        self._describe = describe
        self._known: dict[str, Description | None] = {}
        self._due: set[str] = set()
        self._ends: dict[str, tuple[Path, float]] = {}

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._known

    def __getitem__(self, job_id: str) -> Description | None:
        """What is known of a job; ``None`` when it is not there any more."""
        return self._known[job_id]

    def outdated(self, job_ids: Collection[str], changes: Changes) -> list[str]:
        """Which of ``job_ids`` have to be described; the others that were known are forgotten."""
        self._known = {job_id: known for job_id, known in self._known.items() if job_id in job_ids}
        self._ends = {job_id: end for job_id, end in self._ends.items() if job_id in job_ids}
        # What could not be described the last time still has to be.
        self._due = {job_id for job_id in job_ids if job_id in self._due or self._is_outdated(job_id, changes)}
        return list(self._due)

    def renew(self, queue: Queue, job_id: str) -> None:
        """Describe a job as it is now."""
        try:
            document = self._describe(queue, job_id)
        except NotFound:  # the database was made anew without it
            self._known[job_id] = None
            self._due.discard(job_id)
            return
        self._due.discard(job_id)
        state = State(document["state"])
        self._known[job_id] = Description(document, state is State.QUEUED, state.terminal)
        if state.terminal:
            self._ends.setdefault(job_id, (queue.home.jobs / job_id, time.monotonic()))

    def complete(self) -> None:
        """Find out of which ended jobs everything has been said."""
        for job_id, (folder, since) in self._ends.items():
            description = self._known.get(job_id)
            if description is not None and not description.complete:
                description.complete = _told(folder) or time.monotonic() - since > _LAST_WORDS

    def _is_outdated(self, job_id: str, changes: Changes) -> bool:
        if job_id not in self._known:
            return True
        known = self._known[job_id]
        # How many come before a job that waits depends on others.
        return job_id in changes.touched or (known is not None and known.queued and bool(changes.moved))


def _told(folder: Path) -> bool:
    """Whether a job's journal says that the job has ended; a runner that dies in that moment leaves it unsaid."""
    try:
        size = (folder / EVENTS).stat().st_size
    except FileNotFoundError:
        return False
    events = (parse_event(line) for _, line in read_lines(folder, max(0, size - _TAIL)))
    return any(
        event is not None and event.get("type") == "state" and event.get("state") in TERMINAL for event in events
    )
