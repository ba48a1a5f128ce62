"""The queue's tables as jobs and attempts: everything that only reads."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from modelops.errors import InvalidInput, ModelOpsError, NotFound
from modelops.paths import StateHome
from modelops.registry.database import migrate, open_database
from modelops_server.gpu_claims import claims
from modelops_server.jobs.queue.listing import JobFilter, SortKey, order_by
from modelops_server.jobs.queue.schema import MIGRATIONS
from modelops_server.jobs.records import Attempt, Job
from modelops_server.jobs.resources import Request, Usage
from modelops_server.jobs.states import ACTIVE, TERMINAL, Reason, State
from modelops_server.processes import Identity

if TYPE_CHECKING:
    from sqlite_utils import Database

# These are constants; what callers give is bound.
_ATTEMPT = (
    "attempts.epoch, scheduler, runner, heartbeat, attempts.started, attempts.finished, peak_memory, attempts.gpus,"
    " outcome, attempts.reason"
)
_JOB = (
    "jobs.id, number, name, template, executor, state, jobs.epoch, jobs.reason, artifacts, submitted, jobs.started,"
    " jobs.finished, cancel_requested, priority, jobs.cpus, jobs.gpus, jobs.memory, retries_left, retry_of"
)
_FROM = "FROM jobs LEFT JOIN attempts ON attempts.job = jobs.id AND attempts.epoch = jobs.epoch"


class JobTable:
    """Jobs of one state home. One instance per thread; many processes may use one home at once."""

    def __init__(self, home: StateHome, database: Database | None = None) -> None:
        self.home = home
        self.database = open_database(home) if database is None else database
        migrate(self.database, "jobs", MIGRATIONS)

    def close(self) -> None:
        """Close the database connection."""
        self.database.conn.close()

    def reopened(self) -> Self:
        """The same jobs over a new connection, or over this one while none can be had.

        What was opened on a full disk can only be read, also when there is space again.
        """
        try:
            fresh = type(self)(self.home)
        except (sqlite3.OperationalError, ModelOpsError, OSError):
            return self
        self.close()
        return fresh

    def data_version(self) -> int:
        """A number that changes when another connection has changed the database."""
        return int(self.database.execute("PRAGMA data_version").fetchone()[0])

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
        some = "" if states is None else "WHERE state IN (SELECT value FROM json_each(?))"
        # The page is found by number alone, in an index; what is passed over is neither joined nor read.
        page = f"SELECT number FROM jobs {some} ORDER BY number DESC LIMIT ? OFFSET ?"  # noqa: S608 - a constant
        bound = [] if states is None else [json_list(states)]
        return self._select(f"WHERE number IN ({page}) ORDER BY number DESC", [*bound, limit, offset])

    def page(
        self,
        chosen: JobFilter,
        sort: SortKey = "submitted",
        *,
        descending: bool = True,
        limit: int = 100,
        offset: int = 0,
    ) -> tuple[tuple[Job, ...], int]:
        """A page of the jobs that are ``chosen``, and how many there are of them in all."""
        where, values = chosen.where()
        order = order_by(sort, descending=descending)
        total = self.database.execute(f"SELECT count(*) FROM jobs {where}", values).fetchone()[0]  # noqa: S608
        # As in `list`: what is passed over is neither joined nor read.
        numbers = f"SELECT jobs.number FROM jobs {where} {order} LIMIT ? OFFSET ?"  # noqa: S608
        return self._select(f"WHERE jobs.number IN ({numbers}) {order}", [*values, limit, offset]), int(total)

    def count(self, states: Iterable[State]) -> int:
        """How many jobs are in one of ``states``."""
        row = self.database.execute(
            "SELECT count(*) FROM jobs WHERE state IN (SELECT value FROM json_each(?))", [json_list(states)]
        ).fetchone()
        return int(row[0])

    def ahead_of(self, job: Job) -> int:
        """How many queued jobs come before this one."""
        row = self.database.execute(
            "SELECT count(*) FROM jobs WHERE state = 'queued' AND (priority > ? OR (priority = ? AND number < ?))",
            [job.priority, job.priority, job.number],
        ).fetchone()
        return int(row[0])

    def ahead_of_priority(self, priority: int) -> int:
        """How many queued jobs would come before one that is submitted now."""
        row = self.database.execute(
            "SELECT count(*) FROM jobs WHERE state = 'queued' AND priority >= ?", [priority]
        ).fetchone()
        return int(row[0])

    def attempts(self, job_id: str) -> tuple[Attempt, ...]:
        """Every attempt of a job, the first one first."""
        query = f"SELECT {_ATTEMPT} FROM attempts WHERE job = ? ORDER BY epoch"  # noqa: S608
        rows = self.database.execute(query, [job_id])
        return tuple(_attempt(row, job_id) for row in rows.fetchall())

    def needs(self, job_id: str) -> tuple[str, ...]:
        """The jobs that a job still waits for."""
        rows = self.database.execute("SELECT needs FROM dependencies WHERE job = ? ORDER BY needs", [job_id])
        return tuple(row[0] for row in rows.fetchall())

    def usage(self) -> Usage:
        """What the active jobs of the state home hold, whoever claimed them, and the GPUs that endpoints hold."""
        rows = self.database.execute(
            "SELECT attempts.cpus, attempts.gpus, attempts.memory FROM jobs JOIN attempts"
            " ON attempts.job = jobs.id AND attempts.epoch = jobs.epoch"
            " WHERE state IN (SELECT value FROM json_each(?))",
            [json_list(ACTIVE)],
        ).fetchall()
        gpus = frozenset(gpu for row in rows for gpu in json.loads(row[1]))
        # The claims of jobs are not asked: one whose runner was just killed holds its GPUs until that is entered.
        served = frozenset(claim.gpu for claim in claims(self.home).values() if claim.kind == "endpoint")
        return Usage(len(rows), sum(row[0] for row in rows), gpus | served, sum(row[2] for row in rows))

    def settled(self) -> dict[str, tuple[str, ...]]:
        """Queued jobs that waited for others, all of which have ended, each with those that did not succeed."""
        rows = self.database.execute(
            "SELECT jobs.id, group_concat(CASE WHEN other.state != 'succeeded' THEN needs END)"
            " FROM jobs JOIN dependencies ON dependencies.job = jobs.id JOIN jobs other ON other.id = needs"
            " WHERE jobs.state = 'queued' GROUP BY jobs.id"
            " HAVING min(other.state IN (SELECT value FROM json_each(?)))",
            [json_list(TERMINAL)],
        )
        return {row[0]: tuple(row[1].split(",")) if row[1] else () for row in rows.fetchall()}

    def cancel_requested(self, job_id: str) -> bool:
        """Whether somebody wants the job to end."""
        row = self.database.execute("SELECT cancel_requested FROM jobs WHERE id = ?", [job_id]).fetchone()
        return bool(row and row[0])

    def _select(self, where: str, values: Sequence[Any]) -> tuple[Job, ...]:
        # ``where`` is a constant of this class; what callers give is bound.
        cursor = self.database.execute(f"SELECT {_JOB}, {_ATTEMPT} {_FROM} {where}", values)
        return tuple(self._job(row) for row in cursor.fetchall())

    def _job(self, row: Sequence[Any]) -> Job:
        return Job(
            id=row[0],
            number=row[1],
            name=row[2],
            template=row[3],
            executor=row[4],
            state=State(row[5]),
            epoch=row[6],
            reason=_reason(row[7], row[0]),
            artifacts=tuple(json.loads(row[8])),
            submitted=row[9],
            started=row[10],
            finished=row[11],
            cancel_requested=row[12] is not None,
            priority=row[13],
            request=Request(*row[14:17]),
            retries_left=row[17],
            retry_of=row[18],
            attempt=_attempt(row[19:], row[0]) if row[19] is not None else None,
            folder=self.home.jobs / row[0],
        )


def _attempt(row: Sequence[Any], job_id: str) -> Attempt:
    return Attempt(
        epoch=row[0],
        scheduler=_identity(row[1]),
        runner=_identity(row[2]),
        heartbeat=row[3],
        started=row[4],
        finished=row[5],
        peak_memory=row[6],
        gpus=tuple(json.loads(row[7])),
        outcome=row[8],
        reason=_reason(row[9], job_id),
    )


def _reason(text: str | None, job_id: str) -> Reason | None:
    return Reason.from_json(json.loads(text)).of(job_id) if text else None


def _identity(text: str | None) -> Identity | None:
    return Identity(**json.loads(text)) if text else None


def json_list(states: Iterable[State]) -> str:
    """States as JSON, for SQLite's ``json_each``."""
    return json.dumps(sorted(states))
