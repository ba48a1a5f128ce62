"""The queue: order, claims, moves, and what never changes again."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from modelops.errors import Conflict, InvalidInput, NotFound
from modelops.paths import StateHome
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.states import MOVES, Reason, State, check_move
from modelops_server.processes import Identity

ME = Identity.mine()
REASON = Reason("cell_error", "It failed.")


@pytest.fixture
def queue(home: StateHome) -> Queue:
    """An empty queue."""
    return Queue(home)


@pytest.fixture
def add(queue: Queue) -> Callable[..., Any]:
    """Adds jobs without folders."""

    def add_job(job_id: str = "sft-1", **options: Any) -> Any:
        fields = {"name": "x", "template": "sft", "executor": "local", "request_digest": "d"}
        return queue.add(job_id, **{**fields, **options})

    return add_job


def test_jobs_are_claimed_in_the_order_of_their_submission(queue: Queue, add: Callable[..., Any]) -> None:
    names = [f"sft-{number}" for number in (3, 1, 2)]
    for name in names:
        add(name)

    assert [queue.claim(ME, max_running=9).id for _ in names] == names
    assert queue.claim(ME, max_running=9) is None


def test_pages_go_back_from_the_newest_job_through_those_in_the_wanted_states(
    queue: Queue, add: Callable[..., Any]
) -> None:
    for number in range(6):
        add(f"sft-{number}")
    for _ in range(2):
        queue.claim(ME, max_running=9)

    assert [job.id for job in queue.list(limit=2, offset=3)] == ["sft-2", "sft-1"]
    assert [job.id for job in queue.list(states=[State.QUEUED], limit=3, offset=2)] == ["sft-3", "sft-2"]
    assert [job.attempt.epoch for job in queue.list(states=[State.STARTING])] == [1, 1]
    assert queue.list(states=[]) == ()


def test_no_more_jobs_are_claimed_than_may_run_at_once(queue: Queue, add: Callable[..., Any]) -> None:
    first, second = add("sft-1"), add("sft-2")
    queue.claim(ME, max_running=1)

    assert queue.claim(ME, max_running=1) is None
    queue.move(first.id, 1, State.STARTING, State.FAILED, REASON)
    assert queue.claim(ME, max_running=1).id == second.id


def test_a_claim_can_be_for_one_job_only(queue: Queue, add: Callable[..., Any]) -> None:
    add("sft-1")
    add("sft-2")

    assert queue.claim(ME, max_running=9, only="sft-2").id == "sft-2"


def test_each_attempt_has_its_own_epoch_and_an_older_one_is_fenced_off(queue: Queue, add: Callable[..., Any]) -> None:
    job = add()
    queue.claim(ME, max_running=1)
    assert queue.adopt(job.id, 1, ME)
    queue.move(job.id, 1, State.STARTING, State.QUEUED)
    queue.claim(ME, max_running=1)

    assert not queue.heartbeat(job.id, 1, peak_memory=0)
    assert not queue.move(job.id, 1, State.STARTING, State.RUNNING)
    assert queue.adopt(job.id, 2, ME)
    assert queue.heartbeat(job.id, 2, peak_memory=0)


def test_an_attempt_is_adopted_by_one_runner_only(queue: Queue, add: Callable[..., Any]) -> None:
    job = add()
    queue.claim(ME, max_running=1)

    assert queue.adopt(job.id, 1, ME)
    assert not queue.adopt(job.id, 1, ME)


def test_a_move_from_another_state_changes_nothing(queue: Queue, add: Callable[..., Any]) -> None:
    job = add()
    queue.claim(ME, max_running=1)

    assert not queue.move(job.id, 1, State.RUNNING, State.FINALIZING)
    assert queue.get(job.id).state == "starting"


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED, State.INTERRUPTED])
def test_an_ended_job_never_changes_again(queue: Queue, add: Callable[..., Any], end: State) -> None:
    job = add()
    queue.claim(ME, max_running=1)
    queue.move(job.id, 1, State.STARTING, end, REASON)

    with pytest.raises(sqlite3.IntegrityError, match="cannot change"):
        queue.database.execute("UPDATE jobs SET state = 'succeeded' WHERE id = ?", [job.id])
    assert queue.get(job.id).state == end


def test_every_state_has_its_moves_and_terminal_states_have_none() -> None:
    assert set(MOVES) == set(State)
    assert [state for state in State if not MOVES[state]] == [state for state in State if state.terminal]
    with pytest.raises(Conflict, match="cannot become running"):
        check_move(State.SUCCEEDED, State.RUNNING)


def test_a_queued_job_is_cancelled_at_once(queue: Queue, add: Callable[..., Any]) -> None:
    job = queue.request_cancel(add().id)

    assert (job.state, job.reason.code) == ("cancelled", "cancelled")
    assert queue.request_cancel(job.id).state == "cancelled"


def test_a_job_that_somebody_wants_cancelled_cannot_succeed_any_more(queue: Queue, add: Callable[..., Any]) -> None:
    job = add()
    queue.claim(ME, max_running=1)
    queue.move(job.id, 1, State.STARTING, State.RUNNING)
    queue.move(job.id, 1, State.RUNNING, State.FINALIZING)
    queue.request_cancel(job.id)

    assert not queue.move(job.id, 1, State.FINALIZING, State.SUCCEEDED)
    assert queue.move(job.id, 1, State.FINALIZING, State.CANCELLED, REASON)


def test_a_job_that_has_failed_cannot_be_cancelled(queue: Queue, add: Callable[..., Any]) -> None:
    job = add()
    queue.claim(ME, max_running=1)
    queue.move(job.id, 1, State.STARTING, State.FAILED, REASON)

    with pytest.raises(Conflict, match="already ended: failed"):
        queue.request_cancel(job.id)


def test_the_same_idempotency_key_returns_the_first_job_and_refuses_another_request(
    queue: Queue, add: Callable[..., Any]
) -> None:
    first = add("sft-1", idempotency_key="k")

    assert add("sft-2", idempotency_key="k").id == first.id
    with pytest.raises(Conflict, match="for another request"):
        add("sft-3", idempotency_key="k", request_digest="other")
    assert len(queue.list()) == 1


def test_a_job_is_found_by_what_its_id_begins_with(queue: Queue, add: Callable[..., Any]) -> None:
    add("sft-abc1")
    add("sft-abd2")

    assert queue.find("sft-abc").id == "sft-abc1"
    with pytest.raises(InvalidInput, match="begin with"):
        queue.find("sft-ab")
    for nothing in ("eval", "", "%", "sft-ab_1"):
        with pytest.raises((NotFound, InvalidInput)):
            queue.find(nothing)


def test_ids_are_short_and_sort_by_time(queue: Queue) -> None:
    first, second = queue.new_id("sft"), queue.new_id("sft")

    assert len(first) == len("sft-") + 8
    assert first[:-2] <= second[:-2]


def test_a_lease_of_another_boot_has_expired(queue: Queue, add: Callable[..., Any]) -> None:
    add()
    job = queue.claim(Identity(ME.pid, ME.start_time, "another boot"), max_running=1)

    assert job.attempt.expired()


_CLAIMER = """
import sys
from pathlib import Path
from modelops.paths import StateHome
from modelops_server.processes import Identity
from modelops_server.jobs.queue.queue import Queue
queue = Queue(StateHome(Path(sys.argv[1])))
while job := queue.claim(Identity.mine(), max_running=10_000):
    print(job.id)
"""


def test_many_processes_never_claim_a_job_twice(home: StateHome, queue: Queue, add: Callable[..., Any]) -> None:
    wanted = [add(f"sft-{number}").id for number in range(100)]
    command = [sys.executable, "-c", _CLAIMER, str(home.root)]

    claimers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    claimed = Counter(line for claimer in claimers for line in claimer.communicate()[0].split())

    assert claimed == Counter(wanted)
