"""The scheduler inside of another process, such as a Jupyter server: a thread that works whenever no other one does."""

from __future__ import annotations

import logging
import signal
import sqlite3
import threading
import time

from modelops.errors import Unavailable
from modelops.paths import StateHome
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.resources import Inventory
from modelops_server.jobs.states import ACTIVE
from modelops_server.jobs.supervision.scheduler import Scheduler
from modelops_server.jobs.supervision.worker import LOCK, RETRY
from modelops_server.processes import AlreadyLocked, file_lock, send_signal

_log = logging.getLogger("modelops.scheduler")


class SchedulerThread(threading.Thread):
    """Schedules one state home until it is stopped; while another process does, it stands by.

    A server that was killed leaves its jobs running: the one that comes back finds them in the database, and enters how
    they end.
    """

    def __init__(
        self,
        home: StateHome,
        *,
        inventory: Inventory,
        max_running: int | None,
        standby: int,
    ) -> None:
        super().__init__(name="modelops-scheduler", daemon=True)
        self._home = home
        self._inventory = inventory
        self._max_running = max_running
        self._standby = standby
        self._stop_event = threading.Event()

    def run(self) -> None:
        """Schedule, or wait for the turn to."""
        while not self._stop_event.is_set():
            try:
                self._home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
                with file_lock(self._home.root / LOCK):
                    self._schedule()
            except AlreadyLocked:
                self._stop_event.wait(RETRY)
            except (OSError, Unavailable, sqlite3.OperationalError) as error:
                _log.warning("Jobs cannot be scheduled: %s", error)
                self._stop_event.wait(RETRY)
            except Exception:  # noqa: BLE001 - whatever is wrong with one job, the next must not wait for ever
                _log.exception("The scheduler starts anew")
                self._stop_event.wait(RETRY)

    def stop(self, *, interrupt: bool = False, patience: float = 20.0) -> None:
        """End the thread; jobs go on, or, with ``interrupt``, are told to end, and awaited for ``patience`` seconds."""
        self._stop_event.set()
        self.join(timeout=patience)
        if interrupt:
            interrupt_jobs(self._home, patience)

    def _schedule(self) -> None:
        scheduler = Scheduler(
            self._home, inventory=self._inventory, max_running=self._max_running, standby=self._standby
        )
        try:
            scheduler.run(self._stop_event.is_set, self._stop_event)
        finally:
            scheduler.close()


def interrupt_jobs(home: StateHome, patience: float) -> None:
    """Tell every runner of a state home to end, and wait until they have; jobs that can resume go back to the queue."""
    queue = Queue(home)
    try:
        runners = [job.attempt.runner for job in queue.list(states=ACTIVE, limit=10_000) if job.attempt]
        living = [runner for runner in runners if runner is not None and runner.alive]
        for runner in living:
            send_signal(runner.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while any(runner.alive for runner in living) and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        queue.close()
