"""Jobs: submit, list, look at, cancel, try again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from modelops_server.handlers.answers import jobs as answers
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.operation import operation
from modelops_server.handlers.requests import Submission
from modelops_server.jobs import Job, JobOptions, Queue, State
from modelops_server.jobs.ending import cancel

_PAGE = 100


class JobsQuery(BaseModel):
    """Which jobs to list: the newest first."""

    model_config = ConfigDict(extra="forbid")

    state: list[answers.JobState] = []
    limit: int = Field(_PAGE, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=10**9)


class Retry(BaseModel):
    """What is changed when a job is tried again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    parameters: dict[str, Any] = {}


class JobsHandler(ModelOpsHandler):
    """``jobs``."""

    @operation("listJobs", "read", "jobs", query=JobsQuery, answer=answers.JobList)
    async def get(self, query: JobsQuery) -> dict[str, Any]:
        """List jobs, the newest first."""
        states = [State(state) for state in query.state] or None
        found = await self.with_queue(lambda queue: queue.list(states=states, limit=query.limit, offset=query.offset))
        return {"jobs": [job.as_json() for job in found], "total": len(found)}

    @operation(
        "submitJob",
        "execute",
        "jobs",
        body=Submission,
        answer=answers.Job,
        status=201,
        headers={"Idempotency-Key": "The same key with the same request returns the job that was queued first."},
    )
    async def post(self, body: Submission) -> dict[str, Any]:
        """Queue a job."""
        key = self.request.headers.get("Idempotency-Key")
        root = self.settings["server_root_dir"]
        job = await self.with_queue(lambda queue: _submit(queue, body, key, root))
        return job.as_json()


class JobHandler(ModelOpsHandler):
    """``jobs/{id}``."""

    @operation("getJob", "read", "jobs", answer=answers.JobDetail)
    async def get(self, id: str) -> dict[str, Any]:
        """The job, what it was given, what it waits for, and its attempts."""
        return await self.with_queue(lambda queue: _record(queue, id))


class CancelHandler(ModelOpsHandler):
    """``jobs/{id}/cancel``."""

    @operation("cancelJob", "write", "jobs", answer=answers.Job)
    async def post(self, id: str) -> dict[str, Any]:
        """End a queued job now, and ask the runner of an active one to end it."""
        job = await self.with_queue(lambda queue: cancel(queue, id))
        return job.as_json()


class RetryHandler(ModelOpsHandler):
    """``jobs/{id}/retry``."""

    @operation("retryJob", "execute", "jobs", body=Retry, answer=answers.Job, status=201)
    async def post(self, id: str, body: Retry) -> dict[str, Any]:
        """Repeat an ended job as a new one, with changes.

        A template that can resume goes on from the last checkpoint.
        """
        from modelops_server.jobs.retrying import retry

        job = await self.with_queue(lambda queue: retry(queue.home, id, body.parameters, queue=queue))
        return job.as_json()


def _submit(queue: Queue, asked: Submission, key: str | None, root: str) -> Job:
    from modelops.templates import find_template
    from modelops_server.jobs import submit

    return submit(
        queue.home,
        find_template(asked.template, queue.home),
        asked.parameters,
        name=asked.name,
        executor=asked.executor,
        kernel=asked.kernel,
        options=JobOptions(**asked.options.model_dump()),
        idempotency_key=key,
        priority=asked.priority,
        resources=asked.resources.model_dump(),
        after=asked.after,
        working_directory=Path(root).expanduser(),
        queue=queue,
    )


def _record(queue: Queue, job_id: str) -> dict[str, Any]:
    job = queue.get(job_id)
    return {
        **job.as_json(),
        "ahead": queue.ahead_of(job) if job.state is State.QUEUED else 0,
        "needs": list(queue.needs(job.id)),
        "attempts": [attempt.as_json() for attempt in queue.attempts(job.id)],
    }
