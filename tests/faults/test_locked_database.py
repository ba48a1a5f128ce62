"""F9: another process holds the database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_f9_a_job_lives_on_while_the_database_is_locked_and_enters_its_success_afterwards(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.start(
        notebook(
            "import time\nprint('up', flush=True)\ntime.sleep(1)\n"
            "from modelops import log_artifact, output_folder\n(output_folder('r') / 'a.txt').write_text('1')\n"
            "log_artifact(output_folder('r'), 'findings', 'report')\nprint('ran', flush=True)"
        )
    )
    jobs.until(lambda: "up" in jobs.log(job))
    holder = sqlite3.connect(jobs.home.database, isolation_level=None)

    holder.execute("BEGIN IMMEDIATE")
    while "ran" not in jobs.log(job):
        time.sleep(0.05)
    time.sleep(32)  # longer than any statement waits
    assert jobs.queue.get(job.id).state == "running"
    holder.execute("ROLLBACK")

    job = jobs.ended(job)
    assert (job.state, job.epoch, job.artifacts) == ("succeeded", 1, ("findings@1",))
    assert "Traceback" not in (job.folder / "runner.log").read_text()
