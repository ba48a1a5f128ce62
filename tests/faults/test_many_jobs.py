"""F11, F22, F24: the same submit twice, hundreds of jobs across a restart, and many kernels at once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import Conflict
from modelops.templates import load_template
from modelops_server.jobs import Queue, Scheduler, submit
from modelops_server.jobs.resources import UNLIMITED
from modelops_server.jobs.supervision.service import SchedulerThread
from modelops_server.processes import Identity

_SUBMIT = """
import sys, time
from pathlib import Path
from modelops.paths import StateHome
from modelops.templates import load_template
from modelops_server.jobs import submit
home, template = StateHome(Path(sys.argv[1])), load_template(Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for key in range(20):
    print(submit(home, template, {}, idempotency_key=str(key)).id)
"""


def test_f11_the_same_submits_at_the_same_time_from_many_processes_are_one_job_each(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    command = [sys.executable, "-c", _SUBMIT, str(jobs.home.root), str(notebook("1"))]
    submitters = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in submitters:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    answers = [process.communicate("go\n", timeout=60)[0].split() for process in _told_to_go(submitters)]

    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0])) == 20
    assert {job.id for job in jobs.queue.list()} == set(answers[0])
    assert {path.name for path in jobs.home.jobs.iterdir()} == set(answers[0])


def _told_to_go(submitters: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    for process in submitters:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return submitters


def test_f11_the_same_submit_from_many_threads_is_one_job_and_another_body_is_refused(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    template = load_template(notebook("1", parameters="n: int = 1"))

    with ThreadPoolExecutor(8) as threads:
        found = list(
            threads.map(lambda _: submit(jobs.home, template, {"n": 2}, idempotency_key="click").id, range(16))
        )

    assert len(set(found)) == 1
    with pytest.raises(Conflict, match="for another request"):
        submit(jobs.home, template, {"n": 3}, idempotency_key="click")
    assert [path.name for path in jobs.home.jobs.iterdir()] == [found[0]]


def test_f11_jobs_of_one_second_that_draw_the_same_id_get_folders_of_their_own(
    jobs: Any, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    template = load_template(notebook("1"))
    monkeypatch.setattr("modelops_server.jobs.queue.queue.secrets.choice", lambda _: random.choice("0123"))

    with ThreadPoolExecutor(8) as threads:
        submitted = list(threads.map(lambda _: submit(jobs.home, template, {}), range(40)))

    assert len({job.id for job in submitted}) == 40
    assert all((job.folder / "spec.json").exists() for job in submitted)


def test_f22_500_queued_jobs_are_there_after_a_restart_in_order_and_scheduled_within_10_seconds(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    template = load_template(notebook("1"))
    submitted = [submit(jobs.home, template, {}).id for _ in range(500)]
    jobs.scheduler.close()

    restarted = time.monotonic()
    thread = SchedulerThread(jobs.home, inventory=UNLIMITED, max_running=1, standby=0)
    thread.start()
    queue = Queue(jobs.home)
    try:
        while queue.get(submitted[0]).state == "queued":
            assert time.monotonic() < restarted + 10
            time.sleep(0.02)
        deadline = time.monotonic() + 60
        while not queue.get(submitted[1]).state.terminal:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        thread.stop()
    jobs.queue = queue

    assert [job.id for job in reversed(queue.list(limit=1000))] == submitted
    waiting = [job.id for job in reversed(queue.list(limit=1000)) if job.state == "queued"]
    assert waiting == submitted[-len(waiting) :]
    assert len(waiting) > 480
    me = Identity.mine()
    assert [claimed.id for claimed in iter(lambda: queue.claim(me, UNLIMITED), None)] == waiting


def test_f24_12_kernels_that_are_started_at_once_all_start(jobs: Any, notebook: Callable[..., Path]) -> None:
    jobs.scheduler.close()
    jobs.queue = Queue(jobs.home)
    jobs.scheduler = Scheduler(jobs.home, inventory=UNLIMITED, max_running=12)
    path = notebook("import os\nprint(os.getpid(), flush=True)", "import time\ntime.sleep(1)")
    submitted = [jobs.submit(path) for _ in range(12)]

    jobs.scheduler.tick()
    assert {jobs.queue.get(job.id).state for job in submitted} <= {"starting", "running"}
    ended = [jobs.ended(job, seconds=150) for job in submitted]

    assert [(job.state, job.epoch) for job in ended] == [("succeeded", 1)] * 12
    assert len({jobs.log(job) for job in ended}) == 12
