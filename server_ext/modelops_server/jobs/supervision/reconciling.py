"""Finding the attempts whose runner is gone, will not come or does not go on, and telling how they ended."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from modelops_server.jobs.ending import end_attempt
from modelops_server.jobs.journal import last_lines
from modelops_server.jobs.notebooks import close_notebook
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.records import LEASE, Attempt, Job
from modelops_server.jobs.running.kernels import remove_sockets
from modelops_server.jobs.running.standby import socket_label
from modelops_server.jobs.running.watch import known_processes
from modelops_server.jobs.spec import OUTPUT, RETRIED, RUNNER_LOCK, RUNNER_LOG, JobSpec
from modelops_server.jobs.states import ACTIVE, AttemptEnded, Reason, ReasonCode, State
from modelops_server.processes import AlreadyLocked, Identity, file_lock, kill_job, send_signal

_DEATH = 5.0
"""Seconds that a process which was killed is waited for; it may be in the middle of a system call."""

_STARTS = 3
"""How often a runner is started that does not come up."""

_SILENCES = 3
"""Leases after which a living runner that still says nothing is given up, where somebody waits for it to end or begin.

Never for its silence alone: it cannot say anything while another process holds the database.
"""

_GLANCE = 0.02
"""Seconds between two glances at a process that is about to end."""

_log = logging.getLogger("modelops.scheduler")


class Reconciler:
    """Brings what the queue says of active jobs in line with the processes that there are."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._coming: dict[tuple[str, int], Identity] = {}
        """The processes that are to become the runners of attempts, until these say so themselves."""

    def use(self, queue: Queue) -> None:
        """Work on another connection to the same queue."""
        self._queue = queue

    def expect(self, job: Job, process: Identity) -> None:
        """``process`` was started to become the runner of ``job``'s present attempt."""
        self._coming[job.id, job.epoch] = process

    def look(self) -> None:
        """Look at every active job once."""
        jobs = self._queue.list(states=ACTIVE, limit=10_000)
        waiting = {(job.id, job.epoch) for job in jobs if job.attempt is not None and job.attempt.runner is None}
        self._coming = {attempt: process for attempt, process in self._coming.items() if attempt in waiting}
        for job in jobs:
            try:
                self._reconcile(job)
            except OSError as error:  # what is wrong with one job's folder must not stop the others
                _log.warning("%s: %s", job.id, error)

    def _reconcile(self, job: Job) -> None:
        attempt = job.attempt
        if attempt is None:
            return
        if attempt.runner is None:
            if self._will_not_come(job, attempt):
                self._requeue(job)
        elif not attempt.runner.alive:
            self._bury(job)
        elif attempt.runner.stopped and attempt.expired():
            # It is fenced off by its death: nobody else could start while it holds its lock.
            self._give_up(job, attempt.runner, f"was stopped by a signal for more than {LEASE:g} seconds")
        elif job.cancel_requested and attempt.expired(_SILENCES * LEASE):
            self._give_up(job, attempt.runner, "did not answer")

    def _will_not_come(self, job: Job, attempt: Attempt) -> bool:
        """Whether an attempt that no runner has reported for is not going to get one."""
        process = self._coming.get((job.id, job.epoch))
        if process is None:  # another scheduler's, or one that was killed before it could start any
            return attempt.expired()
        if not process.alive:
            # The first time at once; what happens again, such as for a full disk, is given time to pass.
            return self._unanswered(job) == 1 or attempt.expired()
        # Slow is not lost: where many start at once, one may take longer than a lease.
        if (process.stopped and attempt.expired()) or attempt.expired(_SILENCES * LEASE):
            send_signal(process.pid, signal.SIGKILL)
        return False

    def _unanswered(self, job: Job) -> int:
        """How many attempts of a job no runner ever reported for."""
        return sum(attempt.runner is None for attempt in self._queue.attempts(job.id))

    def _requeue(self, job: Job) -> None:
        with self._held(job) as now:
            if now is None or now.state is not State.STARTING or now.attempt is None or now.attempt.runner is not None:
                return
            process = self._coming.pop((job.id, job.epoch), None)
            if process is not None:
                remove_sockets(socket_label(process))
            starts = self._unanswered(job)
            if now.cancel_requested:
                reason = Reason(ReasonCode.CANCELLED, "Cancelled before its runner came up.")
                self.end(now, AttemptEnded(State.CANCELLED, reason))
            elif starts >= _STARTS:
                self.end(now, AttemptEnded(State.FAILED, _never_started(now, starts)))
            elif self._queue.move(now.id, now.epoch, State.STARTING, State.QUEUED):
                _log.warning("%s: no runner came up; back to the queue", job.id)

    def _give_up(self, job: Job, runner: Identity, why: str) -> None:
        _log.warning("%s: its runner %s, and is killed", job.id, why)
        send_signal(runner.pid, signal.SIGKILL)
        deadline = time.monotonic() + _DEATH
        what = f"The runner {why}, and was killed while the job was {job.state}."
        # Its last thread may hold the lock for a moment after its first one is gone.
        while (runner.alive or not self._bury(job, what)) and time.monotonic() < deadline:
            time.sleep(_GLANCE)

    @contextmanager
    def _held(self, job: Job) -> Iterator[Job | None]:
        """The job as it is now, while its runner's lock is held here; ``None`` when that cannot be, as a runner lives.

        Whoever holds the lock, and sees the job active all the same, knows that its runner is dead or never was.
        """
        job.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # somebody may have removed it
        try:
            with file_lock(job.folder / RUNNER_LOCK):
                yield self._queue.get(job.id)
        except AlreadyLocked:
            yield None

    def end(self, job: Job, ended: AttemptEnded) -> None:
        """End an attempt that never had a runner."""
        job.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        end_attempt(self._queue, job.id, job.epoch, ended, retry_on=())

    def _bury(self, job: Job, what: str = "") -> bool:
        """End the job, or its attempt, of a runner that is dead; ``what`` happened to it, where that is known.

        False when its lock is held: it is not quite dead, or another scheduler does the same.
        """
        with self._held(job) as now:
            if now is None:
                return False
            if now.state not in ACTIVE or now.epoch != job.epoch:
                return True
            self._clean_up(now)
            if now.cancel_requested:
                state, reason = State.CANCELLED, Reason(ReasonCode.CANCELLED, "Cancelled; its runner was killed.")
            else:
                state = State.INTERRUPTED
                reason = Reason(
                    ReasonCode.RUNNER_DIED,
                    what or f"The runner died while the job was {now.state}.",
                    "Run it again; the partial notebook shows how far it came.",
                )
            try:
                close_notebook(now.folder / OUTPUT, {"reason": str(reason.code)})
            except ValueError as error:
                _log.warning("%s: its notebook cannot be read: %s", now.id, error)
            end_attempt(self._queue, now.id, now.epoch, AttemptEnded(state, reason), _retried(now))
            _log.warning("%s: %s", now.id, reason.message)
            return True

    def _clean_up(self, job: Job) -> None:
        """Leave nothing of a dead runner: no process, no socket, no half-written file."""
        kill_job(job.id, known=known_processes(job.folder))
        remove_sockets(job.id)
        if job.attempt is not None and job.attempt.runner is not None:
            remove_sockets(socket_label(job.attempt.runner))
        for half_written in job.folder.glob(".*.tmp"):
            half_written.unlink()


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
