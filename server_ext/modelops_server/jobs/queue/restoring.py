"""The queue made anew from the jobs' folders, when the database is lost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.paths import StateHome
from modelops.registry.database import migrate, transaction
from modelops_server.jobs.journal import read_events
from modelops_server.jobs.queue.schema import MIGRATIONS
from modelops_server.jobs.spec import FILE, JobSpec, Submitted
from modelops_server.jobs.states import Reason, ReasonCode, State

if TYPE_CHECKING:
    from sqlite_utils import Database

_LOST = Reason(
    ReasonCode.RUNNER_DIED,
    "The database was lost while the job was at work.",
    "Run it again: modelops jobs retry ID",
)


@dataclass
class _Attempt:
    started: str
    last: str
    outcome: State | None = None
    reason: dict[str, Any] | None = None


@dataclass
class _Story:
    """What a job's folder tells of it."""

    spec: JobSpec
    submitted: Submitted
    state: State = State.QUEUED
    reason: dict[str, Any] | None = None
    attempts: dict[int, _Attempt] = field(default_factory=dict)


def restore_jobs(database: Database, home: StateHome) -> None:
    """Fill the queue's tables from the jobs' folders, in the order of their submission.

    To be called after the registry's rows are there: a job has succeeded whose artifacts are registered. One that was
    at work has been interrupted; one that waited waits again.
    """
    migrate(database, "jobs", MIGRATIONS)
    stories = [_read(path.parent) for path in home.jobs.glob(f"*/{FILE}")]
    known = sorted((story for story in stories if story is not None), key=lambda story: story.submitted.at)
    with transaction(database):
        for story in known:
            _insert(database, story)
        for story in known:
            if story.state is State.QUEUED:
                database.conn.executemany(
                    "INSERT INTO dependencies (job, needs) SELECT ?, id FROM jobs WHERE id = ?",
                    [(story.spec.id, needed) for needed in story.submitted.after],
                )


def _read(folder: Path) -> _Story | None:
    try:
        spec = JobSpec.read(folder)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    submitted = spec.submitted or Submitted(at=_time((folder / FILE).stat().st_mtime), name=spec.template)
    story = _Story(spec, submitted)
    for _, event in read_events(folder):
        if event["type"] == "state":
            _take(story, State(event["state"]), int(event["attempt"]), _time(event["time"]), event.get("reason"))
    return story


def _take(story: _Story, state: State, number: int, at: str, reason: dict[str, Any] | None) -> None:
    story.state, story.reason = state, reason
    if number == 0:  # it ended in the queue
        return
    attempt = story.attempts.setdefault(number, _Attempt(at, at))
    attempt.last, attempt.reason = at, reason
    if state is State.QUEUED:
        attempt.outcome = State.INTERRUPTED
    elif state.terminal:
        attempt.outcome = state


def _insert(database: Database, story: _Story) -> None:
    spec, submitted = story.spec, story.submitted
    made = [
        f"{name}@{version}"
        for name, version in database.execute(
            "SELECT name, version FROM artifacts WHERE job = ? ORDER BY id", [spec.id]
        ).fetchall()
    ]
    if made:
        story.state, story.reason = State.SUCCEEDED, None
    elif story.state is not State.QUEUED and not story.state.terminal:
        story.state, story.reason = State.INTERRUPTED, _LOST.as_json()
    epoch = max(story.attempts, default=0)
    if epoch and story.state.terminal:
        last = story.attempts[epoch]
        last.outcome, last.reason = story.state, story.reason
    retries = max(0, (spec.options.retries or 0) - max(0, len(story.attempts) - story.state.terminal))
    database.execute(
        "INSERT INTO jobs (id, name, template, executor, state, epoch, reason, artifacts, request_digest,"
        " idempotency_key, submitted, started, finished, priority, cpus, gpus, memory, retries_left, retry_of)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(spec.id, submitted.name, spec.template, submitted.executor, story.state, epoch),
            *(_text(None if story.state is State.QUEUED else story.reason), json.dumps(made), spec.digest()),
            *(submitted.idempotency_key, submitted.at),
            min((attempt.started for attempt in story.attempts.values()), default=None),
            story.attempts[epoch].last if epoch and story.state.terminal else None,
            *(submitted.priority, submitted.cpus, submitted.gpus, submitted.memory, retries, submitted.retry_of),
        ],
    )
    database.conn.executemany(
        "INSERT INTO attempts (job, epoch, heartbeat, started, finished, outcome, reason) VALUES (?, ?, 0, ?, ?, ?, ?)",
        [
            (spec.id, number, attempt.started, attempt.last, attempt.outcome, _text(attempt.reason))
            for number, attempt in story.attempts.items()
        ],
    )


def _text(reason: dict[str, Any] | None) -> str | None:
    return json.dumps(reason) if reason else None


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
