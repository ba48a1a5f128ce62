"""How far a job at work is, from the end of its journal alone."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from modelops.paths import StateHome
from modelops_server.jobs import Job, Queue, State
from modelops_server.jobs.glance import glance
from modelops_server.jobs.journal import EVENTS, Journal


@pytest.fixture
def job(home: StateHome) -> Job:
    """A running job with an empty folder."""
    queue = Queue(home)
    job = queue.add("sft-0", name="sft", template="sft", executor="local", request_digest="")
    job.folder.mkdir(parents=True)
    return replace(job, state=State.RUNNING, epoch=1)


def test_the_latest_progress_and_metrics_are_seen_with_the_time_left(job: Job) -> None:
    now = time.time()
    with Journal(job.folder) as journal:
        journal.record(
            {"type": "progress", "time": now - 10, "done": 0, "total": 20, "unit": "steps", "phase": "train"}
        )
        journal.record({"type": "progress", "time": now, "done": 10, "total": 20, "unit": "steps", "phase": "train"})
        journal.event("metric", step=9, values={"loss": 2.0})
        journal.event("metric", step=10, values={"loss": 1.5, "odd": "nan"})

    seen = glance(job)

    assert (seen["progress"]["done"], seen["progress"]["phase"]) == (10, "train")
    assert seen["progress"]["seconds_left"] == pytest.approx(10, abs=1)
    assert seen["latest"] == {"loss": 1.5}


def test_what_an_earlier_attempt_reported_does_not_count(job: Job) -> None:
    with Journal(job.folder) as journal:
        journal.event("metric", step=9, values={"loss": 2.0})
        journal.event("progress", done=1, total=2)
        journal.state(State.STARTING, 2)

    assert glance(job) == {"progress": None, "latest": {}}


def test_of_a_long_journal_the_end_is_enough_wherever_it_is_cut(job: Job) -> None:
    with Journal(job.folder) as journal:
        for step in range(5000):
            journal.event("metric", step=step, values={"loss": float(step)})
    (job.folder / EVENTS).open("ab").write(b'{"type": "metric", "values": {"loss"')

    assert glance(job)["latest"] == {"loss": 4999.0}


def test_anything_that_a_notebook_displays_is_put_up_with(job: Job) -> None:
    with Journal(job.folder) as journal:
        for odd in ({"type": "metric", "values": [1]}, {"type": "progress", "done": "x"}, {"type": "cell"}, {"x": 1}):
            journal.record(odd)

    assert glance(job) == {"progress": None, "latest": {}}


def test_jobs_that_wait_or_have_ended_are_not_looked_at(job: Job) -> None:
    nothing = {"progress": None, "latest": None}

    assert glance(replace(job, state=State.QUEUED)) == glance(replace(job, state=State.FAILED)) == nothing
