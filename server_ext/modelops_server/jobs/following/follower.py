"""Follows jobs for the readers of one event loop: a single thread looks, reads and encodes for all of them."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial

from modelops.paths import StateHome
from modelops_server.jobs.following.activity import Activity
from modelops_server.jobs.following.batches import Batch, Position, read_batch
from modelops_server.jobs.following.descriptions import Describe, Descriptions
from modelops_server.jobs.following.reader import Reader, Sizes
from modelops_server.jobs.journal import EVENTS, LOG, POLL_INTERVAL
from modelops_server.jobs.queue.changes import UNREADABLE, Changes, Glimpse, JobChanges

_LOOK = 0.1
"""Seconds between two looks at what has changed in the queue."""
_ACTIVITY = 1.0
"""Seconds between two looks whether jobs are at work."""
_PAUSE = 1.0
"""Seconds without a look at the queue after it could not be read."""
_REST = 4
"""The thread rests for so many times the processor time of its work: following costs a fifth of a core at most."""
_LONGEST_REST = 0.25
_GROUP = 8
"""Readers that are given something at once: other requests have their turn between two groups."""

_log = logging.getLogger("modelops.following")


class Follower(threading.Thread):
    """Follows the jobs of one state home until it is stopped."""

    def __init__(
        self,
        home: StateHome,
        loop: asyncio.AbstractEventLoop,
        *,
        describe: Describe,
        on_moved: Callable[[Sequence[Glimpse]], None],
        on_active: Callable[[], None],
    ) -> None:
        """``describe`` makes what readers are told of a job, and ``on_active`` is called now and then while jobs run.

        ``on_moved`` is called, in the loop, with jobs that have moved on.
        """
        super().__init__(name="modelops-follower", daemon=True)
        self._jobs = home.jobs
        self._loop = loop
        self._on_moved = on_moved
        self._on_active = on_active
        self._changes = JobChanges(home)
        self._descriptions = Descriptions(describe)
        self._activity = Activity(home)
        self._lock = threading.Lock()
        self._readers: set[Reader] = set()
        self._asking: dict[Reader, asyncio.Future[bytes]] = {}
        self._wake = threading.Event()
        self._stopped = False
        self._next_look = self._next_activity = 0.0

    # --- in the event loop ---

    @contextmanager
    def reader(self, job_id: str, start: Position, silence: float) -> Iterator[Reader]:
        """Somebody who reads a job's events from ``start`` on; given up when the context is left.

        It hears that there is nothing after so many seconds of ``silence``.
        """
        reader = Reader(job_id, start, silence, self._ask)
        with self._lock:
            self._readers.add(reader)
        try:
            yield reader
        finally:
            self.dismiss(reader)

    def dismiss(self, reader: Reader) -> None:
        """Give a reader up: if it waits, it waits no longer."""
        with self._lock:
            self._readers.discard(reader)
            answer = self._asking.pop(reader, None)
        reader.over = True
        if answer is not None and not answer.done():
            answer.set_result(b"")

    def count(self) -> int:
        """How many readers there are."""
        return len(self._readers)

    def stop(self, patience: float = 5.0) -> None:
        """End the thread; readers are told nothing more. Not to be called in the event loop."""
        self._stopped = True
        self._wake.set()
        self.join(timeout=patience)

    def _ask(self, reader: Reader) -> asyncio.Future[bytes]:
        answer = self._loop.create_future()
        if self._stopped:
            reader.over = True
            answer.set_result(b"")
            return answer
        with self._lock:
            self._asking[reader] = answer
        if reader.hungry:
            self._wake.set()
        return answer

    def _give(self, answers: Sequence[tuple[asyncio.Future[bytes], bytes]]) -> None:
        for answer, messages in answers:
            if not answer.done():
                answer.set_result(messages)

    # --- in the thread ---

    def run(self) -> None:
        """Look at the queue and at the folders of the jobs that have readers, again and again."""
        while not self._stopped:
            begun = time.thread_time()
            self._wake.clear()
            try:
                self._work()
            except Exception:  # noqa: BLE001 - whatever is wrong with one job, the others are followed
                _log.exception("Following starts anew")
                if self._loop.is_closed():  # the server is gone without having said so
                    break
                time.sleep(_PAUSE)
            idle = POLL_INTERVAL if self._asking else _LOOK
            self._wake.wait(max(idle, min(_REST * (time.thread_time() - begun), _LONGEST_REST)))
        self._changes.close()
        with suppress(RuntimeError):  # the loop may be closed
            self._loop.call_soon_threadsafe(self._dismiss_all)

    def _work(self) -> None:
        changes = self._look()
        self._notice_activity()
        with self._lock:
            job_ids = {reader.job_id for reader in self._readers}
        self._describe(job_ids, changes)
        self._serve()

    def _look(self) -> Changes:
        now = time.monotonic()
        if now < self._next_look:
            return Changes()
        self._next_look = now + _LOOK
        try:
            changes = self._changes.look()
        except UNREADABLE as error:
            self._cannot_read(error)
            return Changes()
        if changes.moved:
            self._loop.call_soon_threadsafe(self._on_moved, changes.moved)
        return changes

    def _notice_activity(self) -> None:
        now = time.monotonic()
        if now >= self._next_activity:
            self._next_activity = now + _ACTIVITY
            if self._activity.any(self._changes.living.values()):
                self._on_active()

    def _describe(self, job_ids: set[str], changes: Changes) -> None:
        outdated = self._descriptions.outdated(job_ids, changes)
        if outdated:
            try:
                queue = self._changes.queue()
                if queue is not None:
                    for job_id in outdated:
                        self._descriptions.renew(queue, job_id)
            except UNREADABLE as error:
                self._cannot_read(error)
        self._descriptions.complete()

    def _serve(self) -> None:
        """Give everybody who asks what there is."""
        with self._lock:
            asking = [reader for reader in self._asking if reader.job_id in self._descriptions]
        # Readers of one job who are at the same place, as at its end, get the same bytes.
        sizes, read = cache(self._sizes), cache(self._read)
        answers = []
        for reader in asking:
            job = self._descriptions[reader.job_id]
            try:
                messages = reader.answer(job, sizes(reader.job_id), partial(read, reader.job_id))
            except OSError as error:  # what is wrong with one job's folder must not stop the others
                _log.warning("%s cannot be followed: %s", reader.job_id, error)
                messages, reader.over = b"", True
            if messages or reader.over or reader.bored():
                with self._lock:
                    answer = self._asking.pop(reader, None)
                if answer is not None:
                    answers.append((answer, messages))
            if len(answers) == _GROUP:
                self._loop.call_soon_threadsafe(self._give, answers)
                answers = []
        if answers:
            self._loop.call_soon_threadsafe(self._give, answers)

    def _sizes(self, job_id: str) -> Sizes:
        folder = f"{self._jobs}/{job_id}"
        return _size(f"{folder}/{EVENTS}"), _size(f"{folder}/{LOG}")

    def _read(self, job_id: str, start: Position, last: bool) -> Batch:
        return read_batch(self._jobs / job_id, start, last=last)

    def _cannot_read(self, error: BaseException) -> None:
        _log.warning("What happens in the queue cannot be read: %s", error)
        self._next_look = time.monotonic() + _PAUSE
        self._changes.close()

    def _dismiss_all(self) -> None:
        for reader in list(self._readers):
            self.dismiss(reader)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - done so often that making a Path of it would cost the most
    except FileNotFoundError:
        return 0
