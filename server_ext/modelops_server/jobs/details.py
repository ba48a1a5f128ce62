"""One job with everything that is known of it: what it was given, what it waits for, and its attempts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from modelops.errors import ModelOpsError
from modelops_server.jobs.queue.table import JobTable
from modelops_server.jobs.records import Job
from modelops_server.jobs.spec import INPUT, JobSpec
from modelops_server.jobs.states import State


def job_details(queue: JobTable, job_id: str) -> dict[str, Any]:
    """The job as JSON, with its details; raises ``NotFound``."""
    job = queue.get(job_id)
    return {
        **job.as_json(),
        "ahead": queue.ahead_of(job) if job.state is State.QUEUED else 0,
        "needs": list(queue.needs(job.id)),
        "attempts": [attempt.as_json() for attempt in queue.attempts(job.id)],
        "proposals": _proposals(job, queue),
        **_given(job.folder, job.template),
    }


def _proposals(job: Job, queue: JobTable) -> list[dict[str, Any]]:
    if job.reason is None:
        return []
    # Only a failure needs what the readiness of a job is told with.
    from modelops_server.jobs.proposals import propose

    return [proposal.as_json() for proposal in propose(job, queue)]


@lru_cache(maxsize=256)
def _given(folder: Path, template: str) -> dict[str, Any]:
    """What a job was given: fixed at submission, so it is read once for all who follow the job."""
    try:
        spec = JobSpec.read(folder)
    except (OSError, ValueError, KeyError, TypeError):  # somebody removed or changed the folder
        return {"parameters": {}, "template_title": template, "notebook": None, "resumable": False}
    return {
        "parameters": spec.parameters,
        "template_title": _title(folder, template),
        "notebook": spec.notebook,
        "resumable": spec.resumable,
    }


def _title(folder: Path, template: str) -> str:
    from modelops.templates import load_template

    try:
        title = load_template(folder / INPUT).title
    except ModelOpsError:
        return template
    return template if title == Path(INPUT).stem else title  # a notebook without a title has its file's name
