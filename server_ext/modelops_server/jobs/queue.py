"""The queue: jobs and their attempts in SQLite, where every move is one compare-and-swap on (state, epoch)."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.errors import Conflict, InvalidInput, NotFound
from modelops.paths import StateHome
from modelops.registry.database import migrate, open_database, transaction
from modelops_server.jobs.processes import Identity, boot_id
from modelops_server.jobs.schema import MIGRATIONS
from modelops_server.jobs.states import ACTIVE, Reason, State, check_move

if TYPE_CHECKING:
    from sqlite_utils import Database

LEASE = 20.0
"""Seconds without a heartbeat after which an attempt counts as lost."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letters that look like digits
_ID_EPOCH = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


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


class Queue:
    """Jobs of one state home. One instance per thread; many processes may use one home at once."""

    def __init__(self, home: StateHome, database: Database | None = None) -> None:
        self.home = home
        self.database = open_database(home) if database is None else database
        migrate(self.database, "jobs", MIGRATIONS)

    def close(self) -> None:
        """Close the database connection."""
        self.database.conn.close()

    # --- adding and reading ---

    def add(
        self,
        job_id: str,
        *,
        name: str,
        template: str,
        executor: str,
        request_digest: str,
        idempotency_key: str | None = None,
    ) -> Job:
        """Queue a job whose folder is complete; with a key that was used before, return the job made then.

        Raises ``Conflict`` with code ``idempotency_conflict`` when the key belongs to another request.
        """
        with transaction(self.database):
            if idempotency_key is not None:
                earlier = self.database.execute(
                    "SELECT id, request_digest FROM jobs WHERE idempotency_key = ?", [idempotency_key]
                ).fetchone()
                if earlier is not None:
                    if earlier[1] != request_digest:
                        raise Conflict(
                            "idempotency_conflict",
                            f"The idempotency key was used before, by job {earlier[0]}, for another request.",
                            "Use a new key for a new request.",
                            job=earlier[0],
                        )
                    return self.get(earlier[0])
            self.database.execute(
                "INSERT INTO jobs (id, name, template, executor, state, request_digest, idempotency_key, submitted)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [job_id, name, template, executor, State.QUEUED, request_digest, idempotency_key, now()],
            )
        return self.get(job_id)

    def new_id(self, name: str) -> str:
        """A free id, such as ``sft-0mv3k2q9``: what runs, and when, in a form that sorts; short enough to type."""
        while True:
            seconds = max(0, int(time.time() - _ID_EPOCH))
            digits = "".join(_ALPHABET[seconds >> shift & 31] for shift in range(25, -1, -5))
            job_id = f"{name}-{digits}{secrets.choice(_ALPHABET)}{secrets.choice(_ALPHABET)}"
            if not (self.home.jobs / job_id).exists():
                return job_id

    def get(self, job_id: str) -> Job:
        """The job with exactly this id; raises ``NotFound``."""
        jobs = self._select("WHERE jobs.id = ?", [job_id])
        if not jobs:
            raise NotFound("unknown_job", f"There is no job {job_id!r}.", "List jobs with: modelops jobs list")
        return jobs[0]

    def find(self, text: str) -> Job:
        """The job whose id is, or alone begins with, ``text``; raises ``NotFound`` or ``InvalidInput``."""
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        jobs = self._select("WHERE jobs.id LIKE ? ESCAPE '\\' ORDER BY number DESC LIMIT 10", [f"{escaped}%"])
        exact = [job for job in jobs if job.id == text]
        if exact or len(jobs) == 1:
            return (exact or jobs)[0]
        if not jobs or not text:
            raise NotFound("unknown_job", f"There is no job {text!r}.", "List jobs with: modelops jobs list")
        raise InvalidInput(
            "ambiguous_job",
            f"{len(jobs)} or more jobs begin with {text!r}.",
            "Give more of the id: " + ", ".join(job.id for job in jobs[:5]),
            jobs=[job.id for job in jobs],
        )

    def list(self, *, states: Iterable[State] | None = None, limit: int = 100, offset: int = 0) -> list[Job]:
        """Jobs, the newest first."""
        wanted = list(State) if states is None else list(states)
        marks = ", ".join("?" * len(wanted))
        return self._select(
            f"WHERE jobs.state IN ({marks}) ORDER BY number DESC LIMIT ? OFFSET ?", [*wanted, limit, offset]
        )

    def count(self, states: Iterable[State]) -> int:
        """How many jobs are in one of ``states``."""
        wanted = list(states)
        marks = ", ".join("?" * len(wanted))
        row = self.database.execute(f"SELECT count(*) FROM jobs WHERE state IN ({marks})", wanted).fetchone()
        return int(row[0])

    def ahead_of(self, job: Job) -> int:
        """How many queued jobs come before this one."""
        row = self.database.execute(
            "SELECT count(*) FROM jobs WHERE state = ? AND number < ?", [State.QUEUED, job.number]
        ).fetchone()
        return int(row[0])

    # --- moving ---

    def claim(self, scheduler: Identity, max_running: int, only: str | None = None) -> Job | None:
        """Take the oldest queued job (or ``only`` that one) for a new attempt; ``None`` when none is free.

        ``max_running`` bounds the active jobs of the whole state home, whoever claimed them.
        """
        with transaction(self.database):
            if self.count(ACTIVE) >= max_running:
                return None
            row = self.database.execute(
                "SELECT id, epoch FROM jobs WHERE state = ? AND (? IS NULL OR id = ?) ORDER BY number LIMIT 1",
                [State.QUEUED, only, only],
            ).fetchone()
            if row is None:
                return None
            job_id, epoch = row[0], row[1] + 1
            self.database.execute(
                "UPDATE jobs SET state = ?, epoch = ?, started = coalesce(started, ?) WHERE id = ?",
                [State.STARTING, epoch, now(), job_id],
            )
            self.database.execute(
                "INSERT INTO attempts (job, epoch, scheduler, heartbeat, started) VALUES (?, ?, ?, ?, ?)",
                [job_id, epoch, json.dumps(scheduler.as_json()), time.monotonic(), now()],
            )
        return self.get(job_id)

    def adopt(self, job_id: str, epoch: int, runner: Identity) -> bool:
        """Enter the runner of an attempt; false when the attempt is no longer the one to run."""
        with transaction(self.database):
            if not self._is_at(job_id, epoch, [State.STARTING]):
                return False
            self.database.execute(
                "UPDATE attempts SET runner = ?, heartbeat = ? WHERE job = ? AND epoch = ? AND runner IS NULL",
                [json.dumps(runner.as_json()), time.monotonic(), job_id, epoch],
            )
            return self._changed() == 1

    def heartbeat(self, job_id: str, epoch: int, peak_memory: int) -> bool:
        """Renew an attempt's lease; false when the attempt has been fenced off."""
        with transaction(self.database):
            if not self._is_at(job_id, epoch, ACTIVE):
                return False
            self.database.execute(
                "UPDATE attempts SET heartbeat = ?, peak_memory = max(coalesce(peak_memory, 0), ?)"
                " WHERE job = ? AND epoch = ?",
                [time.monotonic(), peak_memory, job_id, epoch],
            )
            return True

    def cancel_requested(self, job_id: str) -> bool:
        """Whether somebody wants the job to end."""
        row = self.database.execute("SELECT cancel_requested FROM jobs WHERE id = ?", [job_id]).fetchone()
        return bool(row and row[0])

    def move(
        self,
        job_id: str,
        epoch: int,
        before: State | Sequence[State],
        after: State,
        reason: Reason | None = None,
        artifacts: Sequence[str] = (),
    ) -> bool:
        """Move a job if it still is in one of ``before`` at ``epoch``; false when it is not, and nothing happened."""
        with transaction(self.database):
            return self.move_within(job_id, epoch, before, after, reason, artifacts)

    def move_within(
        self,
        job_id: str,
        epoch: int,
        before: State | Sequence[State],
        after: State,
        reason: Reason | None = None,
        artifacts: Sequence[str] = (),
    ) -> bool:
        """:meth:`move` inside a transaction of the caller, so that other rows stand or fall with it."""
        states = [before] if isinstance(before, State) else list(before)
        for state in states:
            check_move(state, after)
        # Who asked for a cancel before the end is told the truth: the job did not succeed.
        guard = " AND cancel_requested IS NULL" if after is State.SUCCEEDED else ""
        marks = ", ".join("?" * len(states))
        self.database.execute(
            "UPDATE jobs SET state = ?, reason = ?, artifacts = ?, finished = ?"
            f" WHERE id = ? AND epoch = ? AND state IN ({marks}){guard}",
            [
                after,
                json.dumps(reason.as_json()) if reason else None,
                json.dumps(list(artifacts)),
                now() if after.terminal else None,
                job_id,
                epoch,
                *states,
            ],
        )
        moved = self._changed() == 1
        if moved and (after.terminal or after is State.QUEUED):
            self.database.execute(
                "UPDATE attempts SET finished = ?, outcome = ? WHERE job = ? AND epoch = ?",
                [now(), after, job_id, epoch],
            )
        return moved

    def request_cancel(self, job_id: str) -> Job:
        """End a queued job now, and ask the runner of an active one to end it; returns the job as it is then.

        Raises ``Conflict`` with code ``job_ended`` when it ended in another way already.
        """
        with transaction(self.database):
            job = self.get(job_id)
            if job.state is State.QUEUED:
                reason = Reason("cancelled", "Cancelled before it started.")
                self.move_within(job.id, job.epoch, State.QUEUED, State.CANCELLED, reason)
            elif not job.state.terminal:
                self.database.execute(
                    "UPDATE jobs SET cancel_requested = coalesce(cancel_requested, ?) WHERE id = ?", [now(), job.id]
                )
            elif job.state is not State.CANCELLED:
                raise Conflict("job_ended", f"Job {job.id} has already ended: {job.state}.", job=job.id)
            return self.get(job_id)

    # --- inside ---

    def _is_at(self, job_id: str, epoch: int, states: Iterable[State]) -> bool:
        row = self.database.execute("SELECT state FROM jobs WHERE id = ? AND epoch = ?", [job_id, epoch]).fetchone()
        return row is not None and State(row[0]) in states

    def _changed(self) -> int:
        return int(self.database.execute("SELECT changes()").fetchone()[0])

    def _select(self, where: str, values: Sequence[Any]) -> list[Job]:
        cursor = self.database.execute(
            "SELECT jobs.id, number, name, template, executor, state, jobs.epoch, reason, artifacts, submitted,"
            " jobs.started, jobs.finished, cancel_requested, attempts.epoch, scheduler, runner, heartbeat,"
            " attempts.started, attempts.finished, peak_memory"
            " FROM jobs LEFT JOIN attempts ON attempts.job = jobs.id AND attempts.epoch = jobs.epoch " + where,
            values,
        )
        return [self._job(row) for row in cursor.fetchall()]

    def _job(self, row: Sequence[Any]) -> Job:
        attempt = None
        if row[13] is not None:
            attempt = Attempt(row[13], _identity(row[14]), _identity(row[15]), *row[16:20])
        return Job(
            id=row[0],
            number=row[1],
            name=row[2],
            template=row[3],
            executor=row[4],
            state=State(row[5]),
            epoch=row[6],
            reason=Reason.from_json(json.loads(row[7])) if row[7] else None,
            artifacts=tuple(json.loads(row[8])),
            submitted=row[9],
            started=row[10],
            finished=row[11],
            cancel_requested=row[12] is not None,
            attempt=attempt,
            folder=self.home.jobs / row[0],
        )


def now() -> str:
    """This moment as RFC 3339 text in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _identity(text: str | None) -> Identity | None:
    return Identity(**json.loads(text)) if text else None
