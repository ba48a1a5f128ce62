"""The scheduler: starts queued jobs, and finds the ones whose runner is gone. Several may work on one state home."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from modelops.errors import Unavailable
from modelops.paths import StateHome
from modelops_server.jobs.dependencies import release_settled
from modelops_server.jobs.ending import end_attempt
from modelops_server.jobs.executors import Executor, load_executor
from modelops_server.jobs.journal import last_lines
from modelops_server.jobs.kernels import remove_sockets
from modelops_server.jobs.processes import AlreadyLocked, Identity, file_lock, kill_job
from modelops_server.jobs.queue import Queue
from modelops_server.jobs.records import Job
from modelops_server.jobs.resources import Inventory
from modelops_server.jobs.spec import OUTPUT, RETRIED, RUNNER_LOCK, RUNNER_LOG, JobSpec
from modelops_server.jobs.states import ACTIVE, AttemptEnded, Reason, ReasonCode, State
from modelops_server.jobs.watch import known_processes

TICK = 0.25
"""Seconds between two looks at the queue."""

_GLANCE = 0.02
"""Seconds between two glances at whether the database has changed; one costs a few microseconds."""

_PAUSE = 1.0
"""Seconds without a try after the database could not be used."""

_STARTS = 3
"""How often a runner is started that does not come up."""

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

    def run(self, until: Callable[[], bool], stop: threading.Event | None = None) -> None:
        """Work until ``until()`` is true or ``stop`` is set."""
        stop = stop or threading.Event()
        if self._standby:
            self._executor("local")
        while not until() and not stop.is_set():
            try:
                self.tick()
                self._wait_for_news(stop)
            except Unavailable as error:
                # A locked database, a full disk: what runs goes on, and so does this once it is over.
                _log.warning("%s", error)
                stop.wait(_PAUSE)
                self._reopen()

    def _reopen(self) -> None:
        # What was opened on a full disk can only be read, also when there is space again.
        with suppress(Unavailable):
            queue = Queue(self._home)
            self._queue.close()
            self._queue = queue

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
            self._executor(job.executor).start(job)

    def reconcile(self) -> None:
        """Find active jobs whose runner is gone, end what is left of them, and enter how they ended."""
        for executor in self._executors.values():
            executor.maintain()
        for job in self._queue.list(states=ACTIVE, limit=10_000):
            self._reconcile(job)

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

    def _reconcile(self, job: Job) -> None:
        attempt = job.attempt
        if attempt is None:
            return
        if attempt.runner is None:
            # Claimed, but no runner has reported yet: it may be about to, as long as the lease lasts.
            if attempt.expired():
                self._requeue(job)
            return
        if attempt.runner.alive:
            return
        try:
            # Holding the lock, and seeing the job active all the same: its runner is dead and cannot come back.
            with file_lock(job.folder / RUNNER_LOCK):
                self._bury(self._queue.get(job.id))
        except AlreadyLocked:
            return

    def _requeue(self, job: Job) -> None:
        try:
            with file_lock(job.folder / RUNNER_LOCK):
                starts = sum(attempt.runner is None for attempt in self._queue.attempts(job.id))
                if starts >= _STARTS:
                    end_attempt(self._queue, job, AttemptEnded(State.FAILED, _never_started(job, starts)), ())
                elif self._queue.move(job.id, job.epoch, State.STARTING, State.QUEUED):
                    _log.warning("%s: no runner came up; back to the queue", job.id)
        except AlreadyLocked:
            return

    def _bury(self, job: Job) -> None:
        if job.state.terminal:
            return
        kill_job(job.id, known=known_processes(job.folder))
        if job.cancel_requested:
            state, reason = State.CANCELLED, Reason(ReasonCode.CANCELLED, "Cancelled; its runner was killed.")
        else:
            state = State.INTERRUPTED
            reason = Reason(
                ReasonCode.RUNNER_DIED,
                f"The runner died while the job was {job.state}.",
                "Run it again; the partial notebook shows how far it came.",
            )
        from modelops_server.jobs.notebooks import close_notebook
        from modelops_server.jobs.standby import socket_label

        remove_sockets(job.id)
        if job.attempt is not None and job.attempt.runner is not None:
            remove_sockets(socket_label(job.attempt.runner))
        for half_written in job.folder.glob(".*.tmp"):
            half_written.unlink()
        close_notebook(job.folder / OUTPUT, {"reason": str(reason.code)})
        end_attempt(self._queue, job, AttemptEnded(state, reason), _retried(job))
        _log.warning("%s: %s", job.id, reason.message)


def _retried(job: Job) -> tuple[str, ...]:
    try:
        return JobSpec.read(job.folder).options.retry_on
    except (OSError, ValueError, TypeError, KeyError):  # whatever is left of its folder, the job must end
        return RETRIED


def _never_started(job: Job, starts: int) -> Reason:
    return Reason(
        ReasonCode.RUNNER_DIED,
        f"The runner was started {starts} times and did not come up.",
        f"What it wrote before it died: {job.folder / RUNNER_LOG}",
        {"log": last_lines(job.folder / RUNNER_LOG)},
    )
