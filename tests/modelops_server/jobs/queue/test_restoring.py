"""The queue made anew from the jobs' folders: everything that ended as it ended, and what waited waits again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelops.registry.upkeep.rebuild import rebuild
from modelops.templates import load_template
from modelops_server.jobs import Queue, submit
from modelops_server.jobs.ending import cancel
from modelops_server.jobs.queue.restoring import restore_jobs

MAKE = (
    "from modelops import log_artifact, output_folder\n(output_folder('r') / 'a.txt').write_text('1')\n"
    "log_artifact(output_folder('r'), 'findings', 'report')"
)


def test_f14_a_lost_database_is_restored_with_its_jobs(jobs: Any, notebook: Callable[..., Path]) -> None:
    made = jobs.run(notebook(MAKE, name="made"))
    failed = jobs.run(notebook("raise ValueError", name="failed"), retries=1, retry_on=("cell_error",))
    killed = jobs.start(notebook("import time\ntime.sleep(600)", name="killed"))
    os.kill(killed.attempt.runner.pid, signal.SIGKILL)
    waits = submit(jobs.home, load_template(notebook("1", name="waits")), {}, name="later", priority=7)
    needs = submit(jobs.home, load_template(notebook("1", name="needs")), {}, after=[waits.id])
    cancelled = cancel(jobs.queue, jobs.submit(notebook("1", name="cancelled")).id)
    before = {job.id: job for job in jobs.queue.list()}
    jobs.scheduler.close()
    jobs.queue.close()
    for path in jobs.home.root.glob("modelops.db*"):
        path.write_bytes(b"no database at all" * 1000)

    rebuild(jobs.home, restorers=[restore_jobs])

    jobs.queue = queue = Queue(jobs.home)
    assert [job.id for job in queue.list()] == list(before)
    assert queue.get(made.id).artifacts == ("findings@1",)
    for job in (made, failed):
        restored = queue.get(job.id)
        assert (restored.state, restored.epoch, restored.reason, restored.retries_left) == (
            *(job.state, job.epoch, job.reason, job.retries_left),
        )
        assert [(one.outcome, one.reason) for one in queue.attempts(job.id)][-1] == (job.state, job.reason)
    assert [one.reason.code for one in queue.attempts(failed.id)] == ["cell_error", "cell_error"]
    assert (queue.get(killed.id).state, queue.get(killed.id).reason.code) == ("interrupted", "runner_died")
    later = queue.get(waits.id)
    assert (later.state, later.name, later.priority, later.submitted) == ("queued", "later", 7, waits.submitted)
    assert queue.needs(needs.id) == (waits.id,)
    assert queue.get(cancelled.id).state == "cancelled"
