"""How a job ends without success: it is cancelled, or its attempt ends and it is tried again, or not."""

from __future__ import annotations

import logging
from collections.abc import Collection

from modelops_server.jobs.journal import Journal
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.records import Job
from modelops_server.jobs.states import ACTIVE, AttemptEnded, Reason, State

_log = logging.getLogger("modelops.jobs")


def end_attempt(queue: Queue, job_id: str, epoch: int, ended: AttemptEnded, retry_on: Collection[str]) -> None:
    """Enter how an attempt ended; its job goes back to the queue for a reason in ``retry_on``, if retries are left.

    Nothing happens when the job has ended otherwise, or belongs to another attempt: not even the journal says more.

    Raises ``Unavailable`` while another process holds the database, and can then be called again.
    """
    job, active = queue.get(job_id), sorted(ACTIVE)
    if job.epoch != epoch or job.state not in ACTIVE:
        return
    if ended.reason.code in retry_on and job.retries_left > 0 and not job.cancel_requested:
        tell(job, epoch, State.QUEUED, ended.reason)
        if queue.try_again(job_id, epoch, active, ended.state, ended.reason):
            return
    # Told before it is entered: who follows a job stops at its end.
    tell(job, epoch, ended.state, ended.reason)
    queue.move(job_id, epoch, active, ended.state, ended.reason)


def fail_queued(queue: Queue, job_id: str, reason: Reason) -> None:
    """Fail a job that waits."""
    job = queue.get(job_id)
    tell(job, job.epoch, State.FAILED, reason)
    queue.move(job_id, job.epoch, State.QUEUED, State.FAILED, reason)


def cancel(queue: Queue, job_id: str) -> Job:
    """End a queued job now, and ask the runner of an active one to end it; returns the job as it is then.

    Raises ``Conflict`` with code ``job_ended`` when it ended in another way already.
    """
    waited = queue.get(job_id).state is State.QUEUED
    job = queue.request_cancel(job_id)
    if waited and job.state is State.CANCELLED and job.reason is not None:
        tell(job, job.epoch, State.CANCELLED, job.reason)
    return job


def tell(job: Job, epoch: int, state: State, reason: Reason) -> None:
    """Write a change of a job's state into its journal, if that can be."""
    try:
        with Journal(job.folder) as journal:
            journal.state(state, epoch, reason)
    except OSError as error:
        # That the job ends, and how, matters more than what tells the story.
        _log.warning("%s: the journal is not complete: %s", job.id, error)
