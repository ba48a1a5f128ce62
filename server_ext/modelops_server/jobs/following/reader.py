"""One reader of one job's events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from modelops_server.jobs.following.batches import Batch, Position, message

if TYPE_CHECKING:
    from modelops_server.jobs.following.descriptions import Description

Sizes = tuple[int, int]
"""Bytes of a job's events and of its log."""


class Reader:
    """Asks for messages, and is given them when there are any.

    It keeps no more than where it is: while it does not ask, because its client does not read, nothing is read for it.
    """

    def __init__(
        self, job_id: str, start: Position, silence: float, ask: Callable[[Reader], asyncio.Future[bytes]]
    ) -> None:
        """It is given nothing (``b""``) where there is nothing for ``silence`` seconds."""
        self.job_id = job_id
        self._position = start
        self._silence = silence
        self._ask = ask
        self._asked = 0.0
        self._told: dict[str, Any] | None = None
        self._read: Sizes | None = None
        self.over = False
        """Whether it has been given the last message."""

    @property
    def hungry(self) -> bool:
        """Whether there is more for it than it got."""
        return self._read is None

    async def messages(self) -> AsyncIterator[bytes]:
        """What is new, again and again, until the job's end."""
        while not self.over:
            self._asked = time.monotonic()
            yield await self._ask(self)

    # --- in the follower's thread ---

    def bored(self) -> bool:
        """Whether it has waited for so long that it is to be told that there is nothing."""
        return time.monotonic() - self._asked > self._silence

    def answer(self, job: Description | None, sizes: Sizes, read: Callable[[Position, bool], Batch]) -> bytes:
        """The messages that it gets now, if any. ``sizes`` were taken after ``job`` was described.

        ``read`` gives the batch behind a position, and is told whether nothing more will come.
        """
        if job is None:
            self.over = True
            return message("end", {})
        messages = []
        if self._told is None or (job.document != self._told and not job.ended):
            messages.append(self._tell(job))
        if sizes != self._read or job.complete:
            batch = read(self._position, job.complete)
            messages.append(batch.messages)
            self._position = batch.position
            self._read = sizes if batch.whole else None
            if job.complete and batch.whole:
                # What happened comes before how it ended.
                if job.document != self._told:
                    messages.append(self._tell(job))
                messages.append(message("end", {"state": job.document["state"]}, self._position))
                self.over = True
        return b"".join(messages)

    def _tell(self, job: Description) -> bytes:
        self._told = job.document
        return message("job", job.document, self._position)
