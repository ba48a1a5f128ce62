"""Jobs as the server tells of them: a handle that waits, watches and cancels."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from modelops.client.artifacts import Artifact, Artifacts
from modelops.client.connection import Connection
from modelops.client.messages import Message, follow
from modelops.client.progress import Progress
from modelops.errors import ModelOpsError, Unavailable

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "interrupted"})
"""States that a job never leaves."""

_LINE_INTERVAL = 0.5


class JobFailed(ModelOpsError):
    """A job that was waited for did not succeed; ``code``, ``message`` and ``hint`` are its reason."""

    exit_code: ClassVar[int] = 1

    def __init__(self, job: Job) -> None:
        reason = job.reason or {"code": job.record["state"], "message": f"Job {job.id} was {job.record['state']}."}
        super().__init__(reason["code"], reason["message"], reason.get("hint", ""), job=job.id)
        self.job = job


class Job:
    """A job; ``record`` is what the server last said of it, everything else asks the server."""

    def __init__(self, connection: Connection, record: dict[str, Any]) -> None:
        self._connection = connection
        self.record = record

    def __repr__(self) -> str:
        return f"<Job {self.id} ({self.record['template']}, {self.record['state']})>"

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def state(self) -> str:
        """The state now: ``queued starting running finalizing``, and in the end one of :data:`TERMINAL`."""
        return str(self.refresh().record["state"])

    @property
    def reason(self) -> dict[str, Any] | None:
        """Why it ended without success: ``code``, ``message``, ``hint`` and ``details``."""
        reason: dict[str, Any] | None = self.record["reason"]
        return reason

    @property
    def artifacts(self) -> list[Artifact]:
        """What it has made."""
        registry = Artifacts(self._connection)
        return [registry.get(ref) for ref in self.refresh().record["artifacts"]]

    def refresh(self) -> Job:
        """Ask for the record again, and return this job."""
        if self.record["state"] not in TERMINAL or "attempts" not in self.record:
            self.record = self._connection.get(self._path)
        return self

    def wait(self, progress: bool = True, timeout: float | None = None, check: bool = True) -> Job:
        """Return when it has ended, and show in one line how far it is.

        Raises ``JobFailed`` when it did not succeed, unless ``check`` is false, and ``Unavailable`` with code
        ``still_running`` after ``timeout`` seconds (to within 15, the server's sign of life). Ctrl-C, or the kernel's
        interrupt, ends the waiting and not the job.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        line = _Line(progress)
        watched = Progress()
        for message in self.events(deadline=deadline):
            watched.take_message(message)
            line.show(watched.line())
        line.end(self.refresh().record["state"])
        if self.record["state"] not in TERMINAL:
            raise Unavailable("still_running", f"Job {self.id} has not ended in {timeout:g} s.", "Wait again.")
        if check and self.record["state"] != "succeeded":
            raise JobFailed(self)
        return self

    def cancel(self) -> Job:
        """Ask for its end; what it has already made is kept, its notebook and log too."""
        self.record = {**self.record, **self._connection.post(f"{self._path}/cancel")}
        return self

    def retry(self, parameters: Mapping[str, Any] | None = None) -> Job:
        """The same again as a new job, with changed ``parameters``."""
        body = {"parameters": dict(parameters or {})}
        return Job(self._connection, self._connection.post(f"{self._path}/retry", body))

    def events(
        self, after: str = "", *, stop: Callable[[], bool] = lambda: False, deadline: float | None = None
    ) -> Iterator[Message]:
        """Everything it reports from its beginning, or from the message ``after``, until it has ended.

        A connection that breaks off is made again, and nothing is missed or told twice. It ends early where ``stop()``
        is true (asked at every message and sign of life), or at ``deadline`` of the monotonic clock.
        """
        for message in follow(self._connection, f"{self._path}/events", after, stop=stop, deadline=deadline):
            if message.kind == "job":
                self.record = message.data
            yield message

    def log(self, tail: int | None = None) -> str:
        """What its notebook has printed: the last megabyte, or the last ``tail`` lines."""
        return self._connection.text(f"{self._path}/log", tail=tail)

    def metrics(self) -> dict[str, list[Any]]:
        """Every measure so far, as columns of equal length: ``step``, ``time`` and each name, ``None`` where absent.

        ``pandas.DataFrame(job.metrics())`` is a data frame.
        """
        rows = [event for event in self._journal() if event["type"] == "metric"]
        values = [row.get("values") or {} for row in rows]
        names = dict.fromkeys(name for each in values for name in each)
        columns: dict[str, list[Any]] = {key: [row.get(key) for row in rows] for key in ("step", "time")}
        return columns | {name: [each.get(name) for each in values] for name in names}

    def notebook(self) -> bytes:
        """The executed notebook as it is now."""
        return self._connection.content(f"{self._path}/notebook")

    def _journal(self) -> Iterator[dict[str, Any]]:
        """The events that are written so far, page by page."""
        after: str | None = None
        while True:
            page = self._connection.request(
                "GET",
                f"{self._path}/events",
                params={"after": after} if after else {},
                headers={"Accept": "application/json"},
            ).json()
            yield from (item["event"] for item in page["events"])
            if not page["events"]:
                return
            after = page["next"]

    @property
    def _path(self) -> str:
        return f"jobs/{quote(self.id)}"


class Jobs:
    """The queue: ``client.jobs["sft-0tvnekde"]``, ``client.jobs.list(state="running")``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"<jobs of {self._connection.server.url}>"

    def __getitem__(self, job_id: str) -> Job:
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """The job with this id; raises ``NotFound``."""
        return Job(self._connection, self._connection.get(f"jobs/{quote(job_id, safe='')}"))

    def list(
        self,
        *,
        state: str | list[str] | None = None,
        template: str | None = None,
        search: str | None = None,
        sort: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Job]:
        """Jobs, the newest first; ``sort`` is ``submitted name state template duration``, with ``-`` downwards."""
        query = {"state": state, "template": template, "search": search, "sort": sort}
        found = self._connection.get("jobs", **query, limit=limit, offset=offset)
        return [Job(self._connection, record) for record in found["jobs"]]


class _Line:
    """One line that is written over and over, not more often than one can read."""

    def __init__(self, visible: bool) -> None:
        self._visible = visible
        self._next = 0.0
        self._width = 0

    def show(self, text: str) -> None:
        if time.monotonic() >= self._next:
            self._write(text)
            self._next = time.monotonic() + _LINE_INTERVAL

    def end(self, text: str) -> None:
        self._write(text, "\n")

    def _write(self, text: str, end: str = "") -> None:
        if self._visible:
            sys.stdout.write(f"\r{text.ljust(self._width)}{end}")
            sys.stdout.flush()
            self._width = len(text)
