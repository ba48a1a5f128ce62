"""The worker: a scheduler in a process of its own, one per state home.

``python -m modelops_server.jobs.supervision.worker``
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import threading

from modelops.errors import Conflict
from modelops.paths import StateHome
from modelops_server.jobs.resources import Inventory
from modelops_server.jobs.supervision.scheduler import Scheduler
from modelops_server.processes import AlreadyLocked, file_lock, is_locked

LOCK = "worker.lock"
LOG = "worker.log"

RETRY = 1.0
"""Seconds between two tries to become the one that schedules."""

EXIT_WHEN_IDLE = "--exit-when-idle"


def run_worker(
    home: StateHome,
    *,
    inventory: Inventory | None = None,
    max_running: int | None = None,
    standby: int = 0,
    exit_when_idle: bool = False,
) -> None:
    """Schedule until SIGTERM or SIGINT, or until nothing is left to do; running jobs go on without the worker.

    While another worker or a server schedules this state home, it stands by, or, if it is to exit when idle, raises
    ``Conflict``.
    """
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler = Scheduler(home, inventory=inventory, max_running=max_running, standby=standby)
    until = scheduler.idle if exit_when_idle else lambda: False
    try:
        while True:
            try:
                with file_lock(home.root / LOCK):
                    scheduler.run(until, stop)
            except AlreadyLocked as error:
                if exit_when_idle:
                    raise Conflict("worker_running", "A worker already runs for this state home.") from error
                stop.wait(RETRY)
                if not stop.is_set():
                    continue
            # Who submits first adds the job and then looks whether a worker holds the lock; so look once more.
            if stop.is_set() or scheduler.idle():
                return
    finally:
        scheduler.close()


def ensure_worker(home: StateHome) -> None:
    """Start a worker in the background unless one runs; it ends when there is nothing left to do."""
    if is_locked(home.root / LOCK):
        return
    with (home.root / LOG).open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "modelops_server.jobs.supervision.worker", EXIT_WHEN_IDLE],
            env={**os.environ, "MODELOPS_HOME": str(home.root)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def main() -> None:
    """Run a worker for the environment's state home."""
    parser = argparse.ArgumentParser(prog="python -m modelops_server.jobs.supervision.worker")
    parser.add_argument(EXIT_WHEN_IDLE, action="store_true")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        run_worker(StateHome.default(), exit_when_idle=arguments.exit_when_idle)
    except Conflict:
        return  # another one was faster, and does the work


if __name__ == "__main__":
    main()
