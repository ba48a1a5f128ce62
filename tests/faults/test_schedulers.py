"""F13: several schedulers, servers and workers on one state home."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.paths import StateHome
from modelops_server.jobs import Queue, Scheduler
from modelops_server.jobs.resources import UNLIMITED
from modelops_server.jobs.spec import OUTPUT
from modelops_server.jobs.supervision.service import SchedulerThread
from modelops_server.jobs.supervision.worker import LOCK

SUBMITS = 1_000

_EXECUTOR = """
import os
from pathlib import Path
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.states import Reason, State

class Instant:
    "Writes down what it was told to start, and ends it."

    def __init__(self, home, standby):
        self.queue = Queue(home)
        self.starts = (home.root / f"starts-{os.getpid()}.txt").open("a")

    def start(self, job):
        self.starts.write(f"{job.id} {job.epoch}\\n")
        self.starts.flush()
        assert self.queue.move(job.id, job.epoch, State.STARTING, State.FAILED, Reason("cell_error", "Instantly."))

    def maintain(self): ...

    def close(self): ...
"""

_SCHEDULER = """
import sys
from pathlib import Path
from modelops.paths import StateHome
from modelops_server.jobs import Queue, Scheduler
from modelops_server.jobs.resources import UNLIMITED
from modelops_server.jobs.states import State
home, wanted = StateHome(Path(sys.argv[1])), int(sys.argv[2])
queue = Queue(home)
scheduler = Scheduler(home, inventory=UNLIMITED, max_running=4)
scheduler.run(lambda: queue.count([State.FAILED]) == wanted)
"""

_SUBMITTER = """
import sys
from pathlib import Path
from modelops.paths import StateHome
from modelops_server.jobs.queue.queue import Queue
queue = Queue(StateHome(Path(sys.argv[1])))
for number in range(int(sys.argv[3])):
    queue.add(f"{sys.argv[2]}-{number}", name="x", template="x", executor="instant", request_digest="d")
"""


@pytest.fixture
def instant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An executor of that name, installed for child processes as any package would install one."""
    folder = tmp_path / "site"
    (folder / "instant_executor-1.dist-info").mkdir(parents=True)
    (folder / "instant_executor.py").write_text(_EXECUTOR)
    (folder / "instant_executor-1.dist-info" / "METADATA").write_text("Name: instant-executor\nVersion: 1\n")
    (folder / "instant_executor-1.dist-info" / "entry_points.txt").write_text(
        "[modelops.executors]\ninstant = instant_executor:Instant\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))


def test_f13_two_schedulers_claim_no_job_of_1000_submits_twice(home: StateHome, instant: None) -> None:
    Queue(home).close()

    schedulers = [subprocess.Popen([sys.executable, "-c", _SCHEDULER, str(home.root), str(SUBMITS)]) for _ in range(2)]
    submitters = [
        subprocess.Popen([sys.executable, "-c", _SUBMITTER, str(home.root), name, str(SUBMITS // 2)])
        for name in ("a", "b")
    ]
    assert [process.wait(timeout=100) for process in (*submitters, *schedulers)] == [0, 0, 0, 0]

    each = [path.read_text().splitlines() for path in home.root.glob("starts-*.txt")]
    assert len(each) == 2
    assert Counter(line for lines in each for line in lines) == Counter(
        f"{name}-{number} 1" for name in ("a", "b") for number in range(SUBMITS // 2)
    )


def test_f13_a_server_and_a_worker_run_each_job_once_and_one_takes_over_from_the_other(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    thread = SchedulerThread(jobs.home, inventory=UNLIMITED, max_running=2, standby=0)
    thread.start()
    _wait((jobs.home.root / LOCK).exists)
    worker = subprocess.Popen(
        [sys.executable, "-c", "from modelops_server.cli.main import main; main(['worker', '--standby', '0'])"]
    )
    try:
        path = notebook("print('once', flush=True)")
        first = [jobs.submit(path) for _ in range(3)]
        _wait(lambda: all(jobs.queue.get(job.id).state.terminal for job in first))
        assert worker.poll() is None

        thread.stop()
        second = jobs.submit(path)
        _wait(lambda: jobs.queue.get(second.id).state.terminal)
    finally:
        thread.stop()
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=20)

    for job in map(jobs.queue.get, [job.id for job in (*first, second)]):
        assert (job.state, job.epoch, jobs.log(job)) == ("succeeded", 1, "once\n")


def test_f13_a_second_scheduler_leaves_a_job_alone_that_the_first_has_just_started(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.submit(notebook("1"))
    other = Scheduler(jobs.home, max_running=1)

    jobs.scheduler.tick()
    for _ in range(20):
        other.tick()
    other.close()

    job = jobs.ended(job)
    assert (job.state, job.epoch) == ("succeeded", 1)
    assert not (job.folder / OUTPUT.replace(".", ".1.")).exists()


def _wait(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
