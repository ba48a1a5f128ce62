"""Runs attempts on this machine: one runner process each, in a session of its own."""

from __future__ import annotations

import subprocess
import sys

from modelops.paths import StateHome
from modelops_server.jobs.executors.pool import StandbyPool
from modelops_server.jobs.records import Job
from modelops_server.jobs.spec import RUNNER_LOG, JobSpec
from modelops_server.processes import Identity


class LocalExecutor:
    """Starts runners as processes that a stop of this one does not touch."""

    def __init__(self, home: StateHome, standby: int = 0) -> None:
        """``standby`` runners are kept ready for the next jobs."""
        self._pool = StandbyPool(home, standby)
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, job: Job) -> Identity | None:
        """Give ``job``'s present attempt to a runner that stands by, or start one for it."""
        try:
            spec = JobSpec.read(job.folder)
        except (OSError, ValueError, TypeError, KeyError):
            spec = None  # a runner of its own will say so in its log
        if spec is not None:
            self._pool.expect(spec)
            if (identity := self._pool.give(job, spec)) is not None:
                return identity
        with (job.folder / RUNNER_LOG).open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "modelops_server.jobs.running.runner", str(job.folder), str(job.epoch)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._children.append(child)
        return Identity.of(child.pid)

    def maintain(self) -> None:
        """Collect runners that have ended, so that none is left as a zombie, and keep the standby runners ready."""
        self._children = [child for child in self._children if child.poll() is None]
        self._pool.maintain()

    def close(self) -> None:
        """End the runners that stand by; those at work go on."""
        self._pool.close()
