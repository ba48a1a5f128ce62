"""The runner's watch: heartbeat, the wish to cancel, time limit and memory, whatever the event loop is doing."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from pathlib import Path

from modelops.errors import ModelOpsError
from modelops.paths import StateHome
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.running.control import Control
from modelops_server.jobs.spec import JobSpec
from modelops_server.jobs.states import AttemptEnded, Reason, ReasonCode, State
from modelops_server.processes import Identity, resident_bytes, tree

PROCESSES = "processes.json"
"""An attempt's processes as last seen: so those that cleared their environment are found after the runner's death."""

_TICK = 0.3
_HEARTBEAT = 2.0

_log = logging.getLogger("modelops.runner")


class Watch(threading.Thread):
    """Looks after one attempt until it is told to stop; works on its own database connection."""

    def __init__(self, home: StateHome, spec: JobSpec, epoch: int, control: Control, folder: Path) -> None:
        super().__init__(name="watch", daemon=True)
        self._home = home
        self._spec = spec
        self._epoch = epoch
        self._control = control
        self._folder = folder
        self._done = threading.Event()
        self._deadline = time.monotonic() + spec.options.timeout if spec.options.timeout else None
        self._next_heartbeat = 0.0
        self._seen: set[int] = set()
        self.peak_memory = 0
        """Largest resident memory of kernel and descendants seen, in bytes."""

    def run(self) -> None:
        """Look, every third of a second."""
        queue = Queue(self._home)
        try:
            while not self._done.wait(_TICK):
                self._look_at_memory()
                self._look_at_clock()
                try:
                    self._look_at_queue(queue)
                except (sqlite3.OperationalError, ModelOpsError, OSError) as error:
                    # A locked database or a full disk must not end a job that is doing well.
                    _log.warning("watch: %s", error)
                    queue = queue.reopened()
        finally:
            queue.close()

    def execution_ended(self) -> None:
        """The notebook has run: its time limit no longer counts."""
        self._deadline = None

    def stop(self) -> None:
        """End the watch."""
        self._done.set()
        self.join(timeout=60)

    def _look_at_queue(self, queue: Queue) -> None:
        if queue.cancel_requested(self._spec.id):
            self._control.stop(
                AttemptEnded(State.CANCELLED, Reason(ReasonCode.CANCELLED, "Cancelled while it was running."))
            )
        if time.monotonic() >= self._next_heartbeat:
            self._next_heartbeat = time.monotonic() + _HEARTBEAT
            if not queue.heartbeat(self._spec.id, self._epoch, self.peak_memory):
                reason = Reason(ReasonCode.FENCED, "Another attempt has taken this one's place.")
                self._control.stop(AttemptEnded(State.INTERRUPTED, reason), at_once=True)
            self._write_processes()

    def _look_at_clock(self) -> None:
        if self._deadline is not None and time.monotonic() > self._deadline:
            limit = self._spec.options.timeout
            self._control.stop(
                AttemptEnded.failed(
                    ReasonCode.TIMEOUT,
                    f"The job ran longer than {limit:g} seconds.",
                    "Allow more time with --timeout.",
                    limit_seconds=limit,
                )
            )

    def _look_at_memory(self) -> None:
        # The runner is their subreaper: whatever the kernel starts stays below it, by whatever forks.
        self._seen = tree(os.getpid())
        used = resident_bytes(self._seen)
        self.peak_memory = max(self.peak_memory, used)
        limit = self._spec.options.memory
        if limit is not None and used > limit:
            self._control.stop(
                AttemptEnded.failed(
                    ReasonCode.OUT_OF_MEMORY,
                    f"The job used {used:,} bytes of memory; its limit is {limit:,}.",
                    "Raise --memory, or use a smaller batch, context or model.",
                    limit_bytes=limit,
                ),
                at_once=True,
            )

    def _write_processes(self) -> None:
        known = [Identity.of(pid) for pid in self._seen]
        content = json.dumps([identity.as_json() for identity in known if identity is not None])
        temporary = self._folder / f".{PROCESSES}.tmp"
        try:
            temporary.write_text(content)
            temporary.replace(self._folder / PROCESSES)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def known_processes(folder: Path) -> list[Identity]:
    """The processes that an attempt's runner last saw."""
    try:
        return [Identity(**item) for item in json.loads((folder / PROCESSES).read_text())]
    except (FileNotFoundError, ValueError):
        return []
