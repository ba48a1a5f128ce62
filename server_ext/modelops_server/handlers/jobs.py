"""Jobs: submit, list, look at, cancel, try again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from pydantic import BaseModel, ConfigDict, Field
from tornado.web import authenticated

from modelops_server.handlers.base import RESOURCE, ModelOpsHandler
from modelops_server.jobs import Job, JobOptions, Queue, State
from modelops_server.jobs.ending import cancel

_PAGE = 100


class Page(BaseModel):
    """Which jobs to list: the newest first."""

    model_config = ConfigDict(extra="forbid")

    state: list[State] = []
    limit: int = Field(_PAGE, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=10**9)


class Limits(BaseModel):
    """Limits of a job; seconds, and bytes."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    memory: int | None = Field(None, gt=0)
    timeout: float | None = Field(None, gt=0)
    cell_timeout: float | None = Field(None, gt=0)
    start_timeout: float = Field(60.0, gt=0)
    retries: int | None = Field(None, ge=0, le=100)


class Resources(BaseModel):
    """What a job holds while it runs, where that is not what its template declares."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    cpus: float | None = Field(None, gt=0)
    gpus: int | None = Field(None, ge=0)
    memory: int | None = Field(None, gt=0)


class Submission(BaseModel):
    """A request for a job."""

    model_config = ConfigDict(extra="forbid", strict=True)

    template: str = Field(min_length=1, max_length=4096)
    parameters: dict[str, Any] = {}
    name: str | None = None
    executor: str = "local"
    kernel: str | None = None
    priority: int = Field(0, ge=-100, le=100)
    after: list[str] = Field([], max_length=100)
    resources: Resources = Resources()
    options: Limits = Limits()


class Retry(BaseModel):
    """What is changed when a job is tried again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    parameters: dict[str, Any] = {}


class JobsHandler(ModelOpsHandler):
    """``GET jobs`` lists, ``POST jobs`` submits; the same ``Idempotency-Key`` again returns the first job."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        page = self.query(Page)
        found = await self.with_queue(
            lambda queue: queue.list(states=page.state or None, limit=page.limit, offset=page.offset)
        )
        self.finish({"jobs": [job.as_json() for job in found]})

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        asked = self.body(Submission)
        key = self.request.headers.get("Idempotency-Key")
        root = self.settings["server_root_dir"]
        job = await self.with_queue(lambda queue: _submit(queue, asked, key, root))
        self.set_status(201)
        self.finish(job.as_json())


class JobHandler(ModelOpsHandler):
    """``GET jobs/ID``: the job, what it waits for, and its attempts."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, job_id: str) -> None:
        self.finish(await self.with_queue(lambda queue: _record(queue, job_id)))


class CancelHandler(ModelOpsHandler):
    """``POST jobs/ID/cancel``."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, job_id: str) -> None:
        job = await self.with_queue(lambda queue: cancel(queue, job_id))
        self.finish(job.as_json())


class RetryHandler(ModelOpsHandler):
    """``POST jobs/ID/retry``: an ended job again, as a new one."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, job_id: str) -> None:
        from modelops_server.jobs.retrying import retry

        asked = self.body(Retry)
        job = await self.with_queue(lambda queue: retry(queue.home, job_id, asked.parameters, queue=queue))
        self.set_status(201)
        self.finish(job.as_json())


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
