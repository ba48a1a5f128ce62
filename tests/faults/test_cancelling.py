"""F12: cancels at every moment of a job's life, and cancels that race with its success."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import Conflict
from modelops.registry import Registry
from modelops.templates import load_template
from modelops_server.jobs import submit
from modelops_server.jobs.journal import read_events
from modelops_server.jobs.states import ACTIVE, TERMINAL
from modelops_server.processes import carriers

ADAPTER = (
    "from modelops import log_artifact, output_folder\n"
    "folder = output_folder('adapter')\n"
    "(folder / 'adapter_config.json').write_text('{}')\n"
    "log_artifact(folder, 'support-bot', 'adapter')"
)
LARGE = "\nwith open(folder / 'weights.bin', 'wb') as weights: weights.truncate(300_000_000)"


def signed_for(jobs: Any) -> Counter[str]:
    """How many signed statements the store holds for each job, whether or not the database knows of them."""
    found: Counter[str] = Counter()
    for path in jobs.home.envelopes.rglob("*.json"):
        statement = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
        found[statement["predicate"]["runDetails"]["metadata"]["invocationId"]] += 1
    return found


def check_end(jobs: Any, job: Any, signed: Counter[str]) -> None:
    """Check that a job has one end, in the database and in its journal, and outputs if and only if it succeeded."""
    # The state is entered first, and told by the same runner afterwards.
    jobs.until(lambda: not (job.attempt and job.attempt.runner and job.attempt.runner.alive))
    ends = [
        event["state"]
        for _, event in read_events(job.folder)
        if event["type"] == "state" and event["state"] in TERMINAL
    ]
    assert ends == [job.state] or (job.epoch == 0 and ends == []), (job.id, ends)
    succeeded = job.state == "succeeded"
    assert signed[job.id] == len(job.artifacts) == int(succeeded), job.id
    for ref in job.artifacts:
        assert Registry(jobs.home).verify(ref).job == job.id
    assert carriers(job.id) == set()
    with pytest.raises(Conflict) if job.state != "cancelled" else _nothing():
        jobs.queue.request_cancel(job.id)
    assert jobs.queue.get(job.id).state == job.state


class _nothing:  # noqa: N801
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize("state", ["queued", "starting", "running", "finalizing", "succeeded"])
def test_f12_a_cancel_at_any_moment_leaves_one_end(jobs: Any, notebook: Callable[..., Path], state: str) -> None:
    slow = LARGE if state == "finalizing" else "\nimport time; time.sleep(600)" if state == "running" else ""
    job = jobs.submit(notebook(ADAPTER + slow))
    if state != "queued":
        jobs.until(lambda: jobs.queue.get(job.id).state == state)

    if state == "succeeded":
        with pytest.raises(Conflict, match="already ended"):
            jobs.queue.request_cancel(job.id)
    else:
        jobs.queue.request_cancel(job.id)
    job = jobs.ended(job, seconds=20)

    assert job.state == ("succeeded" if state == "succeeded" else "cancelled")
    check_end(jobs, job, signed_for(jobs))


def test_f12_a_cancelled_job_whose_runner_never_came_up_is_not_started_again(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.submit(notebook("1"))
    dead = jobs.scheduler._me.__class__(1, 0, "another boot")
    jobs.queue.claim(dead, max_running=1)

    jobs.queue.request_cancel(job.id)
    job = jobs.ended(job, seconds=10)

    assert (job.state, job.epoch) == ("cancelled", 1)


_RUNNERS = """
# Real runners one after the other in one process: their job is to store what a notebook has made already.
import os, sys
from pathlib import Path
from modelops.paths import StateHome
from modelops_server.processes import Identity
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.running.runner import run_attempt
queue = Queue(StateHome(Path(sys.argv[1])))
while job := queue.claim(Identity.mine(), max_running=1):
    run_attempt(job.folder, job.epoch)
"""


def test_f12_a_cancel_that_races_with_success_has_one_winner_each_of_100_times(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    made = jobs.run(notebook(ADAPTER))
    assert made.state == "succeeded"
    # They finish what the first one made, without a kernel: so all of their time is the moment of the race.
    template = load_template(made.folder / "input.ipynb")
    racing = [submit(jobs.home, template, {}, finish_of=made.id) for _ in range(100)]

    runners = subprocess.Popen([sys.executable, "-c", _RUNNERS, str(jobs.home.root)])
    told: dict[str, str] = {}
    took: list[float] = []
    for number, job in enumerate(racing):
        while jobs.queue.get(job.id).state == "queued":
            assert runners.poll() is None
            time.sleep(0.0005)
        began = time.monotonic()
        if number >= 5:  # the first ones show how long it takes; the others are cancelled at all moments of it
            until = began + 1.2 * sorted(took)[2] * (number - 5) / 95
            while time.monotonic() < until:
                time.sleep(0.0005)
            try:
                jobs.queue.request_cancel(job.id)
                told[job.id] = "cancelled"
            except Conflict:
                told[job.id] = "succeeded"
        while jobs.queue.get(job.id).state in ACTIVE:
            assert time.monotonic() < began + 30, "a job is stuck"
            time.sleep(0.0005)
        if number < 5:
            took.append(time.monotonic() - began)
    assert runners.wait(timeout=30) == 0

    ended = [jobs.queue.get(job.id) for job in racing]
    assert {job.id: job.state.value for job in ended if job.id in told} == told
    assert set(told.values()) == {"cancelled", "succeeded"}
    signed = signed_for(jobs)
    for job in ended:
        check_end(jobs, job, signed)
    assert sum(signed.values()) == 1 + sum(job.state == "succeeded" for job in ended)
