"""Which jobs have changed since somebody last looked, whoever changed them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from modelops.errors import ModelOpsError
from modelops.paths import StateHome
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.queue.table import json_list
from modelops_server.jobs.states import ACTIVE, State
from modelops_server.processes import Identity

_PATIENCE_MS = 500
"""Milliseconds that a look waits for a lock; readers of a database in WAL mode hardly ever meet one."""


class Glimpse(NamedTuple):
    """What can change of a job that has not ended."""

    id: str
    number: int
    name: str
    template: str
    state: str
    epoch: int
    reason: str | None
    artifacts: str
    cancel_requested: str | None
    retries_left: int
    peak_memory: int | None
    runner: str | None

    @property
    def standing(self) -> tuple[str, str, int, str | None, str]:
        """What tells one stage of a job's life from another."""
        return self.name, self.state, self.epoch, self.reason, self.artifacts

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    def runs(self) -> bool:
        """Whether its runner lives."""
        return self.active and self.runner is not None and Identity(**json.loads(self.runner)).alive

    def as_json(self) -> dict[str, object]:
        """The job in an event: what it is called, where it is, and what became of it."""
        return {
            "job": self.id,
            "name": self.name,
            "template": self.template,
            "state": self.state,
            "attempt": self.epoch,
            "reason_code": json.loads(self.reason)["code"] if self.reason else None,
            "artifacts": json.loads(self.artifacts),
        }


@dataclass(frozen=True)
class Changes:
    """What one look found."""

    touched: frozenset[str] = frozenset()
    """Jobs of which anything is another than before."""
    moved: tuple[Glimpse, ...] = ()
    """Those that are new, or whose state, attempt, reason, name or artifacts are others."""


class JobChanges:
    """Remembers the jobs that have not ended, and compares: ended ones never change, however many there are.

    Lives in one thread. Nothing is created: where there is no database, nothing has happened.
    """

    def __init__(self, home: StateHome) -> None:
        self._home = home
        self._queue: Queue | None = None
        self._file: tuple[int, int] | None = None
        self._version = -1
        self._newest = -1
        self.living: dict[str, Glimpse] = {}
        """The jobs that had not ended at the last look."""

    def look(self) -> Changes:
        """What has changed since the last look; the first one only remembers.

        Raises ``sqlite3.Error``, ``OSError`` or ``ModelOpsError`` where the database cannot be read, and can then be
        called again.
        """
        queue = self.queue()
        if queue is None:
            self._newest = 0  # all that will be there will be new
            return Changes()
        if (version := queue.data_version()) == self._version:
            return Changes()
        first = self._newest < 0  # also of a database that has replaced another
        if first:
            self._newest = int(queue.database.execute("SELECT coalesce(max(number), 0) FROM jobs").fetchone()[0])
        rows = self._rows(queue)
        self._version = version
        before = self.living
        self.living = {row.id: row for row in rows if not State(row.state).terminal}
        self._newest = max([self._newest, *(row.number for row in rows)])
        if first:
            return Changes()
        changed = [row for row in rows if before.get(row.id) != row]
        moved = (row for row in changed if row.id not in before or before[row.id].standing != row.standing)
        return Changes(frozenset(row.id for row in changed), tuple(moved))

    def queue(self) -> Queue | None:
        """The queue, opened anew where its file is another one: a rebuilt database replaces the old."""
        try:
            stat = self._home.database.stat()
        except FileNotFoundError:
            self.close()
            return None
        file = stat.st_dev, stat.st_ino
        if file != self._file:
            self.close()
            if self._file is not None:
                self._newest = -1
        if self._queue is None:
            self._queue = Queue(self._home)
            self._queue.database.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
            self._file = file
        return self._queue

    def close(self) -> None:
        """Close the database connection; the next look opens another."""
        queue, self._queue, self._version = self._queue, None, -1
        if queue is not None:
            queue.close()

    def _rows(self, queue: Queue) -> list[Glimpse]:
        found = queue.database.execute(
            "SELECT id, number, name, template, state, jobs.epoch, jobs.reason, artifacts, cancel_requested,"
            " retries_left, peak_memory, runner"
            " FROM jobs LEFT JOIN attempts ON attempts.job = jobs.id AND attempts.epoch = jobs.epoch"
            # Each part by an index of its own; one condition with OR would read every job there is.
            " WHERE number IN (SELECT number FROM jobs WHERE number > ?"
            " UNION SELECT number FROM jobs WHERE state IN (SELECT value FROM json_each(?))"
            " UNION SELECT number FROM jobs WHERE id IN (SELECT value FROM json_each(?))) ORDER BY number",
            [self._newest, json_list([State.QUEUED, *ACTIVE]), json.dumps(list(self.living))],
        )
        return [Glimpse(*row) for row in found.fetchall()]


UNREADABLE = (sqlite3.Error, OSError, ModelOpsError)
"""What a look raises where the database cannot be read just now."""
