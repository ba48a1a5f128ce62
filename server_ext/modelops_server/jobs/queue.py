"""The queue: jobs and their attempts in SQLite, where every move is one compare-and-swap on (state, epoch)."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from modelops.errors import Conflict, InvalidInput, NotFound
from modelops.paths import StateHome
from modelops.registry.database import migrate, open_database, transaction
from modelops_server.jobs.processes import Identity
from modelops_server.jobs.records import Attempt, Job, now
from modelops_server.jobs.schema import MIGRATIONS
from modelops_server.jobs.states import ACTIVE, Reason, State, check_move

if TYPE_CHECKING:
    from sqlite_utils import Database

_SELECT = (
    "SELECT jobs.id, number, name, template, executor, state, jobs.epoch, reason, artifacts, submitted,"
    " jobs.started, jobs.finished, cancel_requested, attempts.epoch, scheduler, runner, heartbeat,"
    " attempts.started, attempts.finished, peak_memory"
    " FROM jobs LEFT JOIN attempts ON attempts.job = jobs.id AND attempts.epoch = jobs.epoch"
)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letters that look like digits
_ID_EPOCH = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


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
        chosen = [job for job in jobs if job.id == text] or jobs
        if len(chosen) == 1 and text:
            return chosen[0]
        if not chosen or not text:
            raise NotFound("unknown_job", f"There is no job {text!r}.", "List jobs with: modelops jobs list")
        raise InvalidInput(
            "ambiguous_job",
            f"{len(jobs)} or more jobs begin with {text!r}.",
            "Give more of the id: " + ", ".join(job.id for job in jobs[:5]),
            jobs=[job.id for job in jobs],
        )

    def list(self, *, states: Iterable[State] | None = None, limit: int = 100, offset: int = 0) -> tuple[Job, ...]:
        """Jobs, the newest first."""
        wanted = _json_list(State if states is None else states)
        return self._select(
            "WHERE jobs.state IN (SELECT value FROM json_each(?)) ORDER BY number DESC LIMIT ? OFFSET ?",
            [wanted, limit, offset],
        )

    def count(self, states: Iterable[State]) -> int:
        """How many jobs are in one of ``states``."""
        row = self.database.execute(
            "SELECT count(*) FROM jobs WHERE state IN (SELECT value FROM json_each(?))", [_json_list(states)]
        ).fetchone()
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
        self.database.execute(
            "UPDATE jobs SET state = ?, reason = ?, artifacts = ?, finished = ?"
            " WHERE id = ? AND epoch = ? AND state IN (SELECT value FROM json_each(?))"
            # Who asked for a cancel before the end is told the truth: the job did not succeed.
            " AND (cancel_requested IS NULL OR ? != 'succeeded')",
            [
                after,
                json.dumps(reason.as_json()) if reason else None,
                json.dumps(list(artifacts)),
                now() if after.terminal else None,
                job_id,
                epoch,
                _json_list(states),
                after,
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

    def _select(self, where: str, values: Sequence[Any]) -> tuple[Job, ...]:
        # ``where`` is a constant of this class; what callers give is bound.
        cursor = self.database.execute(f"{_SELECT} {where}", values)
        return tuple(self._job(row) for row in cursor.fetchall())

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


def _identity(text: str | None) -> Identity | None:
    return Identity(**json.loads(text)) if text else None


def _json_list(states: Iterable[State]) -> str:
    return json.dumps(sorted(states))
