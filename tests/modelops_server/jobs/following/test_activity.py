"""Jobs keep a server busy while they run, and no longer than their time limit."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelops_server.jobs import State
from modelops_server.jobs.following.activity import Activity
from modelops_server.jobs.queue.changes import JobChanges
from modelops_server.processes import Identity

ENDLESS = "import time\ntime.sleep(600)"


def test_a_job_counts_while_its_runner_lives(jobs: Any, notebook: Callable[..., Path]) -> None:
    activity, changes = Activity(jobs.home), JobChanges(jobs.home)

    def busy() -> bool:
        changes.look()
        return activity.any(changes.living.values())

    job = jobs.submit(notebook(ENDLESS))
    assert not busy()
    jobs.until(busy)
    runner = jobs.until(lambda: jobs.queue.get(job.id).attempt.runner)

    os.kill(runner.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while busy():
        assert time.monotonic() < deadline
    changes.close()


def test_a_job_that_is_beyond_its_time_limit_does_not_count_though_its_runner_lives(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    activity, changes = Activity(jobs.home, storing=0.2), JobChanges(jobs.home)
    job = jobs.submit(notebook("1"), timeout=0.2, start_timeout=0.1, grace=0.1)
    jobs.queue.claim(Identity.mine())
    jobs.queue.adopt(job.id, 1, Identity.mine())  # a runner that does nothing, not even end in time
    changes.look()
    begun = time.monotonic()

    assert activity.any(changes.living.values())
    while activity.any(changes.living.values()):
        assert time.monotonic() < begun + 5

    assert time.monotonic() > begun + 0.5
    assert changes.living[job.id].runs()
    jobs.queue.move(job.id, 1, State.STARTING, State.FAILED)
    changes.close()
