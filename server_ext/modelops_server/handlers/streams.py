"""What happens in a job, as it happens: server-sent events."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from tornado.iostream import StreamClosedError

from modelops_server.handlers.answers.events import EventPage
from modelops_server.handlers.base import EVENT_STREAM, ModelOpsHandler
from modelops_server.handlers.operation import JSON, operation
from modelops_server.jobs.following.batches import Position, log_end, read_page
from modelops_server.jobs.following.follower import Follower
from modelops_server.jobs.following.reader import Reader

MOST_EVENTS = 10_000
"""Events on one page."""

SILENCE = 15.0
"""Seconds without a message after which a comment says that the connection lives; proxies end silent ones."""

_RETRY_MS = 1000
"""Milliseconds after which a browser that was cut off comes back."""


class EventsQuery(BaseModel):
    """From where on, and how much."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = Field(None, description="The id of the last message that arrived; what follows it is sent.")
    limit: int = Field(MOST_EVENTS, ge=1, le=MOST_EVENTS, description="Events on one page; a stream has no limit.")
    log_tail: int | None = Field(
        None, ge=0, le=10**9, description="Without a position: only so many bytes of the log, from a line's beginning."
    )


class EventsHandler(ModelOpsHandler):
    """``jobs/{id}/events``."""

    _reader: Reader | None = None
    _gone = False

    @operation(
        "followJob",
        "read",
        "jobs",
        query=EventsQuery,
        answer=EventPage,
        media=(EVENT_STREAM, JSON),
        headers={"Last-Event-ID": "The id of the last message that arrived; it goes before `after`."},
    )
    async def get(self, id: str, query: EventsQuery) -> dict[str, Any] | None:
        """Follow what happens in a job, from its beginning or from a position on, until its end.

        As `text/event-stream`, each message has an `id`, by which a reader that was cut off goes on exactly there.
        `job` is the job as `jobs/{id}` answers it, at first and when it has changed; `event` an event of its journal;
        `log` a piece of what it printed (`text`); `end` is the last one. As `application/json`: a page of events.
        """
        begin = self.request.headers.get("Last-Event-ID") or query.after
        start = Position.parse(begin) if begin else Position()
        job = await self.with_queue(lambda queue: queue.get(id))
        if self._wants_page():
            return await self.in_thread(lambda: read_page(job.folder, start, query.limit))
        if (tail := query.log_tail) is not None and not begin:
            start = await self.in_thread(lambda: Position(0, log_end(job.folder, tail)))
        await self._stream(id, start)
        return None

    async def _stream(self, job_id: str, start: Position) -> None:
        self.begin_event_stream()
        follower: Follower = self.settings["modelops_follower"]
        try:
            with follower.reader(job_id, start, SILENCE) as self._reader:
                await self._send(b"retry: %d\n\n" % _RETRY_MS)
                async for messages in self._reader.messages():
                    await self._send(messages or b": alive\n\n")
        except StreamClosedError:
            return
        if not self._gone:
            self.finish()

    async def _send(self, content: bytes) -> None:
        self.write(content)
        # Returns when the client's side has taken it: one that does not read is not read for.
        await self.flush()

    def on_connection_close(self) -> None:
        """Give up a reader that waits for something to happen."""
        super().on_connection_close()
        self._gone = True
        if self._reader is not None:
            self.settings["modelops_follower"].dismiss(self._reader)

    def _wants_page(self) -> bool:
        accepted = self.request.headers.get("Accept", "")
        return JSON in accepted and EVENT_STREAM not in accepted
