"""The scheduler: jobs that nobody runs are found, and one worker serves a state home."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelops_server.jobs.supervision.worker import LOCK, ensure_worker
from modelops_server.processes import Identity, is_locked

WORKER = [sys.executable, "-m", "modelops_server.jobs.supervision.worker", "--exit-when-idle"]


def test_a_job_whose_scheduler_died_before_a_runner_lived_is_run_all_the_same(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.submit(notebook("1"))
    dead = Identity(os.getpid(), 0, "another boot")
    jobs.queue.claim(dead, max_running=1)

    job = jobs.ended(job)

    assert (job.state, job.epoch) == ("succeeded", 2)


def test_a_runner_that_never_comes_up_is_not_started_for_ever(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.submit(notebook("1"))
    (job.folder / "spec.json").write_text("{}")
    dead = Identity(os.getpid(), 0, "another boot")
    for _ in range(3):
        jobs.queue.claim(dead, max_running=1)
        jobs.scheduler.reconcile()

    job = jobs.queue.get(job.id)
    assert (job.state, job.reason.code) == ("failed", "runner_died")
    assert "3 times" in job.reason.message


def test_queued_jobs_run_one_after_the_other_in_their_order(jobs: Any, notebook: Callable[..., Path]) -> None:
    first, second = jobs.submit(notebook("1", name="a")), jobs.submit(notebook("2", name="b"))

    jobs.ended(second)
    first, second = jobs.queue.get(first.id), jobs.queue.get(second.id)

    assert (first.state, second.state) == ("succeeded", "succeeded")
    assert first.finished <= second.started


def test_a_worker_in_the_background_runs_what_is_queued_and_then_ends(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.submit(notebook("1"))

    ensure_worker(jobs.home)
    ensure_worker(jobs.home)

    _wait(lambda: jobs.queue.get(job.id).state.terminal)
    assert jobs.queue.get(job.id).state == "succeeded"
    assert jobs.queue.get(job.id).epoch == 1
    _wait(lambda: not is_locked(jobs.home.root / LOCK))


def test_a_stopped_worker_leaves_its_jobs_running_and_the_next_one_takes_them_over(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.submit(notebook("import time\nprint('up', flush=True)\ntime.sleep(1.5)"))
    worker = subprocess.Popen(WORKER)
    _wait(lambda: "up" in jobs.log(job))

    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=10)

    assert jobs.queue.get(job.id).state == "running"
    assert jobs.ended(job).state == "succeeded"


def _wait(condition: Callable[[], Any]) -> None:
    import time

    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
