"""What a job wrote: its log, the executed notebook, and that notebook as a page."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from modelops.errors import Conflict
from modelops_server.handlers.files import SANDBOX, FileHandler
from modelops_server.handlers.operation import operation
from modelops_server.jobs.journal import LOG
from modelops_server.jobs.report import executed_notebook, render_report

MOST_LOG = 1_000_000
"""Bytes of a log's end that are sent."""


class LogQuery(BaseModel):
    """How much of the log."""

    model_config = ConfigDict(extra="forbid")

    tail: int | None = Field(None, ge=0, le=1_000_000, description="Only so many lines.")


class LogHandler(FileHandler):
    """``jobs/{id}/log``."""

    @operation("getJobLog", "read", "jobs", query=LogQuery, media=("text/plain",))
    async def get(self, id: str, query: LogQuery) -> None:
        """The end of what the notebook printed: 1 MB at most."""
        folder = await self.with_queue(lambda queue: queue.get(id).folder)
        text = await self.slowly(log_end, folder / LOG, query.tail)
        self.set_header("Content-Security-Policy", SANDBOX)
        self.finish(text, set_content_type="text/plain; charset=UTF-8")


class NotebookHandler(FileHandler):
    """``jobs/{id}/notebook``."""

    @operation("getJobNotebook", "read", "jobs", media=("application/x-ipynb+json",))
    async def get(self, id: str) -> None:
        """The executed notebook as it is now, to be saved."""
        folder = await self.with_queue(lambda queue: queue.get(id).folder)
        await self.send_file(executed_notebook(folder), "application/x-ipynb+json", attachment=f"{id}.ipynb")


class ReportHandler(FileHandler):
    """``jobs/{id}/report``."""

    @operation("getJobReport", "read", "jobs", media=("text/html",))
    async def get(self, id: str) -> None:
        """The executed notebook of an ended job as a page; nothing in it runs."""
        job = await self.with_queue(lambda queue: queue.get(id))
        if not job.state.terminal:
            raise Conflict("job_not_ended", f"Job {job.id} is still {job.state}.", "Wait for it, or read its notebook.")
        page = await self.slowly(render_report, job.folder)
        self.set_header("Content-Security-Policy", SANDBOX)
        await self.send_file(page, "text/html; charset=UTF-8")


def log_end(path: Path, lines: int | None = None, most: int = MOST_LOG) -> str:
    """The end of a log, which begins with a whole line; nothing where there is no log yet."""
    if not path.exists():
        return ""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - most))
        content = stream.read(most)
    if size > most:
        content = content.partition(b"\n")[2] or content
    if lines is not None:
        content = b"".join(content.splitlines(keepends=True)[-lines:]) if lines else b""
    return content.decode("utf-8", "replace")
