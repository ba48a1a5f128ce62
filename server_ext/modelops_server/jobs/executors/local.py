"""Runs attempts on this machine: one runner process each, in a session of its own."""

from __future__ import annotations

import subprocess
import sys

from modelops_server.jobs.records import Job
from modelops_server.jobs.spec import RUNNER_LOG


class LocalExecutor:
    """Starts runners as processes that a stop of this one does not touch."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, job: Job) -> None:
        """Start the runner of ``job``'s present attempt."""
        with (job.folder / RUNNER_LOG).open("ab") as log:
            self._children.append(
                subprocess.Popen(
                    [sys.executable, "-m", "modelops_server.jobs.runner", str(job.folder), str(job.epoch)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def reap(self) -> None:
        """Collect runners that have ended, so that none is left as a zombie."""
        self._children = [child for child in self._children if child.poll() is None]
