"""A page of jobs: which ones, in which order, and how many there are in all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from modelops.paths import StateHome
from modelops_server.jobs import Queue, State
from modelops_server.jobs.queue.listing import JobFilter


@pytest.fixture
def queue(home: StateHome) -> Iterator[Queue]:
    """Four jobs: the third has run for a minute, the second for an hour, the others have not."""
    queue = Queue(home)
    for name in ("a", "b", "c", "d"):
        queue.add(f"{name}-0", name=name, template="sft", executor="local", request_digest="")
    for job, end in (("b-0", "09:00"), ("c-0", "08:01")):
        queue.database.execute(
            "UPDATE jobs SET state = 'succeeded', started = '2026-11-24T08:00:00.000Z', finished = ? WHERE id = ?",
            [f"2026-11-24T{end}:00.000Z", job],
        )
    yield queue
    queue.close()


def ids(jobs: object) -> list[str]:
    return [job.id for job in jobs]  # type: ignore[attr-defined]


def test_a_page_beyond_the_end_is_empty_and_the_total_stays(queue: Queue) -> None:
    assert queue.page(JobFilter(), limit=10, offset=4) == ((), 4)


def test_what_has_not_run_comes_last_whichever_way_durations_are_sorted(queue: Queue) -> None:
    assert ids(queue.page(JobFilter(), "duration", descending=True)[0]) == ["b-0", "c-0", "d-0", "a-0"]
    assert ids(queue.page(JobFilter(), "duration", descending=False)[0]) == ["c-0", "b-0", "d-0", "a-0"]


def test_a_job_that_runs_lasts_until_now(queue: Queue) -> None:
    queue.database.execute("UPDATE jobs SET state = 'running', started = '2026-01-01T00:00:00Z' WHERE id = 'a-0'")

    assert ids(queue.page(JobFilter(), "duration")[0])[0] == "a-0"


def test_of_equal_ones_the_newer_comes_first(queue: Queue) -> None:
    assert ids(queue.page(JobFilter(), "template", descending=False)[0]) == ["d-0", "c-0", "b-0", "a-0"]


def test_every_filter_has_to_hold(queue: Queue) -> None:
    assert ids(queue.page(JobFilter(states=[State.SUCCEEDED], search="C"))[0]) == ["c-0"]
    assert queue.page(JobFilter(templates=["merge"])) == ((), 0)
    assert queue.page(JobFilter(search="'; DROP TABLE jobs; --")) == ((), 0)
