"""The scheduler: starts queued jobs, and finds the ones whose runner is gone. Several may work on one state home."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable

from modelops.errors import NotFound, Unavailable
from modelops.paths import StateHome
from modelops_server.jobs.executors import Executor, load_executor
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.records import Job
from modelops_server.jobs.resources import Inventory
from modelops_server.jobs.spec import FILE as SPEC
from modelops_server.jobs.states import ACTIVE, AttemptEnded, ReasonCode, State
from modelops_server.jobs.supervision.dependencies import release_settled
from modelops_server.jobs.supervision.reconciling import Reconciler
from modelops_server.processes import Identity

TICK = 0.25
"""Seconds between two looks at the queue."""

_GLANCE = 0.02
"""Seconds between two glances at whether the database has changed; one costs a few microseconds."""

_PAUSE = 1.0
"""Seconds without a try after the database could not be used."""

_log = logging.getLogger("modelops.scheduler")


class Scheduler:
    """Works for one state home, in the thread that calls it."""

    def __init__(
        self,
        home: StateHome,
        *,
        inventory: Inventory | None = None,
        max_running: int | None = None,
        only: str | None = None,
        queue: Queue | None = None,
        standby: int = 0,
    ) -> None:
        """``inventory`` (by default the machine's) and ``max_running`` bound the active jobs of the whole state home.

        ``only`` that job is started, if given; ``standby`` runners are kept ready for the next ones.
        """
        self._standby = standby
        self._home = home
        self._queue = queue or Queue(home)
        self._inventory = inventory
        self._max_running = max_running
        self._only = only
        self._me = Identity.mine()
        self._executors: dict[str, Executor] = {}
        self._reconciler = Reconciler(self._queue)

    def run(self, until: Callable[[], bool], stop: threading.Event | None = None) -> None:
        """Work until ``until()`` is true or ``stop`` is set."""
        stop = stop or threading.Event()
        if self._standby:
            self._executor("local")
        while not until() and not stop.is_set():
            try:
                self.tick()
                self._wait_for_news(stop)
            except (Unavailable, OSError, sqlite3.OperationalError) as error:
                # A locked database, a full disk: what runs goes on, and so does this once it is over.
                _log.warning("%s", error)
                stop.wait(_PAUSE)
                self._queue = self._queue.reopened()
                self._reconciler.use(self._queue)

    def _wait_for_news(self, stop: threading.Event) -> None:
        """Return when another process has changed the database, or after a while."""
        version, ends = self._queue.data_version(), time.monotonic() + TICK
        while time.monotonic() < ends and not stop.wait(_GLANCE):
            if self._queue.data_version() != version:
                return

    def tick(self) -> None:
        """Reconcile, then start what may start."""
        self.reconcile()
        release_settled(self._queue)
        while (job := self._claim()) is not None:
            self._start(job)

    def reconcile(self) -> None:
        """Find active jobs whose runner is gone, end what is left of them, and enter how they ended."""
        for executor in self._executors.values():
            executor.maintain()
        self._reconciler.look()

    def active(self) -> bool:
        """Whether a job is at work."""
        return self._queue.count(ACTIVE) > 0

    def idle(self) -> bool:
        """Whether no job is queued or active."""
        return self._queue.count([State.QUEUED, *ACTIVE]) == 0

    def close(self) -> None:
        """Close the database connection and end the runners that stand by; those at work go on."""
        for executor in self._executors.values():
            executor.close()
        self._queue.close()

    def _claim(self) -> Job | None:
        if self._inventory is None:
            self._inventory = Inventory.of_machine()
        return self._queue.claim(self._me, self._inventory, max_running=self._max_running, only=self._only)

    def _executor(self, name: str) -> Executor:
        if name not in self._executors:
            self._executors[name] = load_executor(name, self._home, self._standby)
        return self._executors[name]

    def _start(self, job: Job) -> None:
        try:
            process = self._executor(job.executor).start(job)
        except NotFound as error:  # an executor that was there when the job was submitted
            self._reconciler.end(job, AttemptEnded.failed(ReasonCode.PREFLIGHT, error.message, error.hint))
        except OSError as error:
            # It is tried again when the lease has run out, unless there is nothing to start.
            _log.warning("%s: its runner was not started: %s", job.id, error)
            if not (job.folder / SPEC).exists():
                self._reconciler.end(
                    job,
                    AttemptEnded.failed(
                        ReasonCode.PREFLIGHT, f"The job's folder is gone: {job.folder}", "Submit the job again."
                    ),
                )
        else:
            if process is not None:
                self._reconciler.expect(job, process)
