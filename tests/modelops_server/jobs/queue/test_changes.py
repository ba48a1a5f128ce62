"""Changes of jobs are seen whoever made them, and what never changes costs nothing."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from modelops.paths import StateHome
from modelops_server.jobs import Queue, Reason, State
from modelops_server.jobs.queue.changes import Changes, JobChanges
from modelops_server.processes import Identity


@pytest.fixture
def queue(home: StateHome) -> Any:
    queue = Queue(home)
    yield queue
    queue.close()


@pytest.fixture
def changes(home: StateHome) -> Any:
    changes = JobChanges(home)
    yield changes
    changes.close()


def add(queue: Queue, job_id: str) -> str:
    return queue.add(job_id, name="n", template="t", executor="local", request_digest="0").id


def moved(changes: JobChanges) -> list[tuple[str, str]]:
    return [(job.id, job.state) for job in changes.look().moved]


def test_each_move_is_seen_once(queue: Queue, changes: JobChanges) -> None:
    changes.look()
    add(queue, "a")
    assert moved(changes) == [("a", "queued")]
    assert moved(changes) == []

    queue.claim(Identity.mine())
    assert moved(changes) == [("a", "starting")]
    queue.move("a", 1, State.STARTING, State.FAILED, Reason("cell_error", "It failed."))

    [job] = changes.look().moved
    assert job.as_json() == {
        "job": "a",
        "name": "n",
        "template": "t",
        "state": "failed",
        "attempt": 1,
        "reason_code": "cell_error",
        "artifacts": [],
    }
    assert changes.living == {}


def test_what_was_there_before_the_first_look_has_not_moved(queue: Queue, changes: JobChanges) -> None:
    add(queue, "a")

    assert moved(changes) == []
    assert list(changes.living) == ["a"]


def test_a_heartbeat_touches_a_job_without_moving_it(queue: Queue, changes: JobChanges) -> None:
    add(queue, "a")
    queue.claim(Identity.mine())
    changes.look()

    queue.heartbeat("a", 1, peak_memory=1000)

    assert changes.look() == Changes(frozenset({"a"}), ())


def test_a_job_that_came_and_went_between_two_looks_is_seen_as_it_ended(queue: Queue, changes: JobChanges) -> None:
    changes.look()
    add(queue, "a")
    queue.request_cancel("a")

    assert moved(changes) == [("a", "cancelled")]


def test_without_a_database_nothing_has_happened_and_none_is_made(home: StateHome, changes: JobChanges) -> None:
    assert changes.look() == Changes()
    assert not home.root.exists()

    queue = Queue(home)
    add(queue, "a")
    queue.close()
    assert moved(changes) == [("a", "queued")]


def test_a_database_that_has_replaced_the_old_one_is_taken_as_it_is(
    home: StateHome, queue: Queue, changes: JobChanges, tmp_path: Path
) -> None:
    add(queue, "old")
    changes.look()
    other = Queue(StateHome(tmp_path / "other"))
    add(other, "new")
    other.close()
    queue.close()
    for left in home.root.glob("*-wal"):
        left.unlink()

    StateHome(tmp_path / "other").database.rename(home.database)

    assert moved(changes) == []
    assert list(changes.living) == ["new"]
    fresh = Queue(home)
    fresh.request_cancel("new")
    fresh.close()
    assert moved(changes) == [("new", "cancelled")]


def test_ended_jobs_are_not_read_again(queue: Queue, changes: JobChanges) -> None:
    row = "INSERT INTO jobs (id, name, template, executor, state, request_digest, submitted) VALUES "
    queue.database.execute(
        row + ", ".join(f"('j{number}', 'n', 't', 'local', 'cancelled', '0', '')" for number in range(300))
    )
    changes.look()
    add(queue, "a")
    database = changes.queue().database  # type: ignore[union-attr]
    seen: list[int] = []
    database.conn.set_progress_handler(lambda: seen.append(1), 100)

    assert moved(changes) == [("a", "queued")]

    # Instructions of SQLite's machine, in hundreds: a look at each of 300 rows would take thousands.
    assert len(seen) < 10


def test_while_the_database_cannot_be_read_nothing_is_lost(
    queue: Queue, changes: JobChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes.look()
    add(queue, "a")
    holder = sqlite3.connect(queue.home.database, isolation_level=None)
    database = changes.queue().database  # type: ignore[union-attr]
    database.conn.close()

    with pytest.raises(sqlite3.ProgrammingError):
        changes.look()
    changes.close()
    holder.close()

    assert moved(changes) == [("a", "queued")]


@pytest.mark.parametrize("runner", [None, json.dumps({"pid": 1, "start_time": 1, "boot_id": "another"})])
def test_a_job_runs_while_its_runner_lives(queue: Queue, changes: JobChanges, runner: str | None) -> None:
    add(queue, "a")
    queue.claim(Identity.mine())
    queue.adopt("a", 1, Identity.mine())
    changes.look()
    assert changes.living["a"].runs()

    queue.database.execute("UPDATE attempts SET runner = ?", [runner])
    changes.look()
    assert not changes.living["a"].runs()
