"""Jobs: submit, list, look at, cancel, try again, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from modelops_server.handlers.answers import jobs as answers
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.files import confined
from modelops_server.handlers.operation import operation
from modelops_server.handlers.requests import ChangedLimits, Submission
from modelops_server.jobs import Job, JobOptions, Queue, State
from modelops_server.jobs.details import job_details
from modelops_server.jobs.ending import cancel
from modelops_server.jobs.glance import glance
from modelops_server.jobs.queue.listing import JobFilter, SortKey

_PAGE = 100

_Key = Literal["submitted", "name", "state", "template", "duration"]
_Descending = Literal["-submitted", "-name", "-state", "-template", "-duration"]


class JobsQuery(BaseModel):
    """Which jobs to list, and how."""

    model_config = ConfigDict(extra="forbid")

    state: list[answers.JobState] = Field([], description="In one of these states.")
    template: list[str] = Field([], description="Of one of these templates.")
    search: str = Field("", max_length=200, description="Words of id, name, template or artifacts, in any case.")
    sort: _Key | _Descending = Field("-submitted", description="With `-`, the largest or latest first.")
    limit: int = Field(_PAGE, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=10**9)


class ComparisonQuery(BaseModel):
    """Which jobs to compare."""

    model_config = ConfigDict(extra="forbid")

    id: list[str] = Field(min_length=2, max_length=8)


class Retry(BaseModel):
    """What is changed when a job is tried again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    parameters: dict[str, Any] = {}
    options: ChangedLimits = ChangedLimits()


class JobsHandler(ModelOpsHandler):
    """``jobs``."""

    @operation("listJobs", "read", "jobs", query=JobsQuery, answer=answers.JobList)
    async def get(self, query: JobsQuery) -> dict[str, Any]:
        """Find jobs, the newest first unless sorted otherwise."""
        chosen = JobFilter([State(state) for state in query.state], query.template, query.search)
        key: SortKey = query.sort.removeprefix("-")  # type: ignore[assignment]
        descending = query.sort.startswith("-")

        def read(queue: Queue) -> dict[str, Any]:
            jobs, total = queue.page(chosen, key, descending=descending, limit=query.limit, offset=query.offset)
            return {"jobs": [{**job.as_json(), **glance(job)} for job in jobs], "total": total}

        return await self.with_queue(read)

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
        """Queue a job.

        Parameters are checked first, field by field; when one is wrong, nothing is queued.
        """
        key = self.request.headers.get("Idempotency-Key")
        root = self.settings["server_root_dir"]
        job = await self.with_queue(lambda queue: _submit(queue, body, key, root))
        return job.as_json()


class JobHandler(ModelOpsHandler):
    """``jobs/{id}``."""

    @operation("getJob", "read", "jobs", answer=answers.JobDetail)
    async def get(self, id: str) -> dict[str, Any]:
        """The job, what it was given, what it waits for, and its attempts."""
        return await self.with_queue(lambda queue: job_details(queue, id))


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

        limits = body.options.model_dump()
        job = await self.with_queue(lambda queue: retry(queue.home, id, body.parameters, limits=limits, queue=queue))
        return job.as_json()


class ComparisonHandler(ModelOpsHandler):
    """``jobs/comparison``."""

    @operation("compareJobs", "read", "jobs", query=ComparisonQuery, answer=answers.JobComparison)
    async def get(self, query: ComparisonQuery) -> dict[str, Any]:
        """Two to eight jobs side by side.

        Each curve has at most 2,000 points. The first and the last stay; what lies between is divided into 999 runs of
        equally many points, and of each run its lowest and its highest point stay, so that no spike disappears. What
        was not finite is `null`. An attempt that goes on from a checkpoint replaces the steps that it repeats.
        """
        from modelops_server.jobs.side_by_side import side_by_side

        jobs = await self.with_queue(lambda queue: [queue.get(job_id) for job_id in query.id])
        return (await self.slowly(side_by_side, jobs)).as_json()


def _submit(queue: Queue, asked: Submission, key: str | None, root: str) -> Job:
    from modelops.templates import find_template
    from modelops_server.jobs import submit

    return submit(
        queue.home,
        find_template(template_of(asked.template, root), queue.home),
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


def template_of(text: str, root: str) -> str:
    """A template's name as it is, a notebook's path confined to ``root``; raises ``InvalidInput``."""
    return str(confined(root, text)) if text.endswith(".ipynb") or "/" in text else text
