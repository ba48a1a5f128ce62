"""F19, F20: runners that are paused past their lease, and runners that never come up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.registry import Registry
from modelops_server.jobs import Scheduler
from modelops_server.jobs.executors import pool
from modelops_server.jobs.records import LEASE
from modelops_server.jobs.running.standby import ready_count
from modelops_server.jobs.states import ACTIVE, State
from modelops_server.processes import Identity

RESUMING = (
    "import modelops, os, time\nfolder = modelops.checkpoint_folder()\n"
    "if not list(folder.iterdir()):\n    (folder / 'step').touch()\n    print('up', flush=True)\n    time.sleep(600)\n"
    "out = modelops.output_folder('out')\n(out / 'result.txt').write_text('once')\n"
    "modelops.log_artifact(out, 'result', 'report')"
)
UP = "import time\nprint('up', flush=True)\ntime.sleep({seconds})"


@pytest.fixture(params=["own", "standby"])
def bench(jobs: Any, request: pytest.FixtureRequest) -> Any:
    """A bench whose jobs get a runner of their own, or one that stands by."""
    if request.param == "standby":
        use_standby(jobs)
    return jobs


def use_standby(jobs: Any) -> None:
    """Have the bench keep one runner ready."""
    jobs.scheduler.close()
    jobs.queue = type(jobs.queue)(jobs.home)
    jobs.scheduler = Scheduler(jobs.home, max_running=1, standby=1)
    jobs.scheduler._executor("local")
    jobs.until(lambda: ready_count(jobs.home))


def let_lease_pass(jobs: Any, job: Any, seconds: float = LEASE) -> None:
    """What ``seconds`` without a heartbeat leave behind."""
    changed = jobs.queue.database.execute(
        "UPDATE attempts SET heartbeat = heartbeat - ? WHERE job = ? AND epoch = ?", [seconds + 1, job.id, job.epoch]
    )
    assert changed.rowcount == 1


def pause(runner: Identity) -> None:
    """Stop a process, and return when it has stopped."""
    os.kill(runner.pid, signal.SIGSTOP)
    deadline = time.monotonic() + 5
    while not runner.stopped:
        assert time.monotonic() < deadline
        time.sleep(0.005)


# --- F19 ---


def test_f19_a_runner_paused_past_its_lease_is_killed_and_its_job_has_one_result(
    bench: Any, notebook: Callable[..., Path]
) -> None:
    job = bench.start(notebook(RESUMING, resumable=True))
    bench.until(lambda: "up" in bench.log(job))
    runner = bench.queue.get(job.id).attempt.runner
    pause(runner)
    let_lease_pass(bench, job)

    job = bench.ended(job, seconds=LEASE)

    assert not runner.alive
    assert (job.state, job.epoch, job.artifacts) == ("succeeded", 2, ("result@1",))
    first = bench.queue.attempts(job.id)[0]
    assert (first.outcome, first.reason.code) == ("interrupted", "runner_died")
    assert "stopped by a signal" in first.reason.message
    assert [artifact.ref for artifact in Registry(bench.home).list()] == ["result@1"]


def test_f19_a_runner_paused_for_less_than_its_lease_goes_on(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.start(notebook(UP.format(seconds=1)))
    jobs.until(lambda: "up" in jobs.log(job))

    pause(job.attempt.runner)
    paused = time.monotonic()
    jobs.until(lambda: time.monotonic() > paused + 3)
    os.kill(job.attempt.runner.pid, signal.SIGCONT)

    job = jobs.ended(job)
    assert (job.state, job.epoch) == ("succeeded", 1), job.reason


@pytest.mark.parametrize("late", ["1", "raise ValueError"], ids=["success", "failure"])
def test_f19_what_a_runner_says_after_it_was_fenced_off_is_refused(
    jobs: Any, notebook: Callable[..., Path], late: str
) -> None:
    source = RESUMING.split("out =")[0].replace("time.sleep(600)", f"time.sleep(1)\n    {late}")
    job = jobs.start(notebook(source, resumable=True))
    jobs.until(lambda: "up" in jobs.log(job))
    runner = job.attempt.runner
    pause(runner)
    # The scheduler of a machine that cannot see this process would do this, and no more.
    assert jobs.queue.move(job.id, 1, State.RUNNING, State.QUEUED)
    assert jobs.queue.claim(Identity.mine(), max_running=1).epoch == 2
    told = (job.folder / "events.jsonl").read_text().count('"state"')

    os.kill(runner.pid, signal.SIGCONT)
    deadline = time.monotonic() + 30
    while runner.alive:
        assert time.monotonic() < deadline
        time.sleep(0.02)

    job = jobs.queue.get(job.id)
    assert (job.state, job.epoch, job.artifacts) == ("starting", 2, ())
    assert (job.folder / "events.jsonl").read_text().count('"state"') == told
    let_lease_pass(jobs, job)
    assert (jobs.ended(job).state, jobs.queue.get(job.id).epoch) == ("succeeded", 3)


def test_f19_a_runner_that_is_silent_because_the_database_is_locked_is_left_alone(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.start(notebook(UP.format(seconds=6)))
    jobs.until(lambda: "up" in jobs.log(job))
    other = sqlite3.connect(jobs.home.database, isolation_level=None, timeout=10)
    while True:  # until the lock is there and the lease has passed, and no heartbeat came in between
        let_lease_pass(jobs, job, 10 * LEASE)
        other.execute("BEGIN IMMEDIATE")
        if jobs.queue.get(job.id).attempt.expired():
            break
        other.execute("ROLLBACK")

    began = time.monotonic()
    while time.monotonic() < began + 3:
        jobs.scheduler.reconcile()
        time.sleep(0.02)
    assert job.attempt.runner.alive
    other.execute("ROLLBACK")
    other.close()

    job = jobs.ended(job)
    assert (job.state, job.epoch) == ("succeeded", 1), job.reason


def test_f19_a_runner_that_does_not_answer_is_killed_when_somebody_wants_its_job_cancelled(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.start(notebook(UP.format(seconds=600)))
    pause(job.attempt.runner)
    jobs.queue.request_cancel(job.id)

    let_lease_pass(jobs, job, 3 * LEASE)
    job = jobs.ended(job, seconds=10)

    assert job.state == "cancelled"
    assert not job.attempt.runner.alive


# --- F20 ---

_CLAIM_AND_DIE = """
import os, signal, sys
from pathlib import Path
from modelops.paths import StateHome
from modelops_server.processes import Identity
from modelops_server.jobs.queue.queue import Queue
Queue(StateHome(Path(sys.argv[1]))).claim(Identity.mine(), max_running=1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_f20_a_job_whose_scheduler_was_killed_between_claim_and_start_is_reclaimed_within_the_lease(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.submit(notebook("1"))
    subprocess.run([sys.executable, "-c", _CLAIM_AND_DIE, str(jobs.home.root)], check=False)
    assert jobs.queue.get(job.id).state == "starting"

    claimed = time.monotonic()
    jobs.until(lambda: jobs.queue.get(job.id).epoch == 2, seconds=LEASE + 5)
    assert time.monotonic() - claimed < LEASE + 2
    assert jobs.ended(job).state == "succeeded"


@pytest.fixture
def slow_to_adopt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Child processes stop themselves before they import what adopts an attempt, while the returned file is there."""
    gate = tmp_path / "gate"
    gate.touch()
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        f"if os.path.exists({str(gate)!r}) and 'modelops_server.jobs.running.runner' in ' '.join(sys.orig_argv):\n"
        f"    os.remove({str(gate)!r})\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    return gate


def test_f20_a_runner_killed_before_it_adopts_is_replaced_at_once(
    jobs: Any, notebook: Callable[..., Path], slow_to_adopt: Path
) -> None:
    job = jobs.submit(notebook("1"))
    jobs.until(lambda: not slow_to_adopt.exists())
    coming = only_child_of(jobs, job)

    os.kill(coming.pid, signal.SIGKILL)
    jobs.until(lambda: jobs.queue.get(job.id).epoch == 2, seconds=5)

    assert jobs.ended(job).state == "succeeded"


def test_f20_a_runner_that_is_paused_before_it_adopts_is_killed_after_the_lease(
    jobs: Any, notebook: Callable[..., Path], slow_to_adopt: Path
) -> None:
    job = jobs.submit(notebook("1"))
    jobs.until(lambda: not slow_to_adopt.exists())
    coming = only_child_of(jobs, job)

    let_lease_pass(jobs, jobs.queue.get(job.id))
    job = jobs.ended(job)

    assert (job.state, job.epoch) == ("succeeded", 2)
    assert not coming.alive


def only_child_of(jobs: Any, job: Any) -> Identity:
    coming: Identity = jobs.scheduler._reconciler._coming[job.id, 1]
    return coming


def test_f20_a_standby_runner_killed_between_order_and_adoption_is_replaced_at_once(
    jobs: Any, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_standby(jobs)
    order = pool.Standby.order
    killed: list[Identity] = []

    # The moment between both is hit by stopping the runner before its real order is sent.
    def order_a_stopped_one(standby: pool.Standby, job: Any) -> bool:
        # What is sent arrives in its pipe, and is never read.
        assert standby.identity is not None
        if not killed:
            pause(standby.identity)
        sent = order(standby, job)
        if not killed:
            killed.append(standby.identity)
            os.kill(standby.identity.pid, signal.SIGKILL)
        return sent

    monkeypatch.setattr(pool.Standby, "order", order_a_stopped_one)
    job = jobs.submit(notebook("1"))
    jobs.until(lambda: killed)
    jobs.until(lambda: jobs.queue.get(job.id).epoch == 2, seconds=5)

    assert jobs.ended(job).state == "succeeded"
    assert list(Path(tempfile.gettempdir()).glob(f"modelops-standby-{killed[0].pid}-*")) == []


def test_f20_a_standby_runner_that_is_paused_gets_no_job(jobs: Any, notebook: Callable[..., Path]) -> None:
    use_standby(jobs)
    [path] = (jobs.home.root / "standby").glob("*.json")
    standing_by = Identity(**json.loads(path.read_text()))
    pause(standing_by)

    job = jobs.run(notebook("1"))

    assert (job.state, job.epoch) == ("succeeded", 1)
    assert job.attempt.runner != standing_by
    os.kill(standing_by.pid, signal.SIGCONT)


@pytest.fixture
def bystander(jobs: Any, notebook: Callable[..., Path]) -> Callable[[], Any]:
    """A job behind the one that is in trouble: it must not have to wait for a person."""
    return lambda: jobs.submit(notebook("1", name="bystander"))


@pytest.mark.parametrize("when", ["queued", "running"])
def test_f20_a_job_whose_folder_was_removed_ends_and_stops_no_other(
    jobs: Any, notebook: Callable[..., Path], bystander: Callable[[], Any], when: str
) -> None:
    path = notebook(UP.format(seconds=600))
    job = jobs.submit(path) if when == "queued" else jobs.start(path)
    other = bystander()
    shutil.rmtree(job.folder)
    if when == "running":
        os.kill(job.attempt.runner.pid, signal.SIGKILL)

    assert jobs.ended(other).state == "succeeded"
    job = jobs.queue.get(job.id)
    assert job.state not in ACTIVE
    assert job.reason.code == ("preflight" if when == "queued" else "runner_died")
