"""How an attempt ends without success: its job is tried again, or ends for good."""

from __future__ import annotations

import logging
from collections.abc import Collection

from modelops_server.jobs.journal import Journal
from modelops_server.jobs.queue import Queue
from modelops_server.jobs.records import Job
from modelops_server.jobs.states import ACTIVE, AttemptEnded, State

_log = logging.getLogger("modelops.jobs")


def end_attempt(queue: Queue, job: Job, ended: AttemptEnded, retry_on: Collection[str]) -> None:
    """Enter how ``job``'s present attempt ended; back to the queue for a reason in ``retry_on``, if retries are left.

    Raises ``Unavailable`` while another process holds the database, and can then be called again.
    """
    job_id, epoch, active = job.id, job.epoch, sorted(ACTIVE)
    job = queue.get(job_id)
    if ended.reason.code in retry_on and job.retries_left > 0 and not job.cancel_requested:
        _tell(job, epoch, State.QUEUED, ended)
        if queue.try_again(job_id, epoch, active, ended.state, ended.reason):
            return
    # Told before it is entered: who follows a job stops at its end.
    _tell(job, epoch, ended.state, ended)
    queue.move(job_id, epoch, active, ended.state, ended.reason)


def _tell(job: Job, epoch: int, state: State, ended: AttemptEnded) -> None:
    try:
        with Journal(job.folder) as journal:
            journal.state(state, epoch, ended.reason)
    except OSError as error:
        # That the job ends, and how, matters more than what tells the story.
        _log.warning("%s: the journal is not complete: %s", job.id, error)
