"""Standby runners: ready before the job is there, used once, replaced, and gone with whoever keeps them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops_server.jobs import Scheduler
from modelops_server.jobs.executors import pool
from modelops_server.jobs.running.standby import ready_count
from modelops_server.processes import Identity


@pytest.fixture
def bench(jobs: Any) -> Any:
    """A bench whose scheduler keeps one runner ready."""
    jobs.scheduler.close()
    jobs.queue = type(jobs.queue)(jobs.home)
    jobs.scheduler = Scheduler(jobs.home, max_running=1, standby=1)
    jobs.scheduler._executor("local")
    return jobs


def waiting(bench: Any) -> list[Identity]:
    """The runners that are ready."""
    return [Identity(**json.loads(path.read_text())) for path in (bench.home.root / "standby").glob("*.json")]


def test_a_job_is_given_to_the_runner_that_stands_by_and_another_takes_its_place(
    bench: Any, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    bench.until(lambda: ready_count(bench.home))
    [first] = waiting(bench)

    job = bench.run(notebook("import os\nprint(os.getcwd())", parameters="n: int = 1"), {"n": 2})

    assert job.attempt.runner == first
    assert (job.state, bench.log(job)) == ("succeeded", f"{Path.cwd()}\n")
    assert (job.folder / "environment.txt").read_text().startswith("# Python")
    bench.until(lambda: ready_count(bench.home))
    assert waiting(bench) != [first]


def test_nothing_of_a_job_reaches_the_next_one(
    bench: Any, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "value")
    source = (
        "import os, sys\n"
        "print([name for name in list(globals()) if not name.startswith('_')], get_ipython().execution_count,"
        " os.environ['MODELOPS_JOB_ID'], 'torch' in sys.modules)\nleft = 1"
    )
    path = notebook(source, parameters="from modelops.templates import Secret\n\ntoken: Secret = 'HF_TOKEN'")
    logs, ids = [], []
    for _ in range(2):
        bench.until(lambda: ready_count(bench.home))
        job = bench.run(path)
        logs.append(bench.log(job).replace(job.id, "ID"))
        ids.append(job.attempt.runner)

    assert ids[0] != ids[1]
    assert logs[0] == logs[1]
    assert "'left'" not in logs[0]


def test_the_packages_that_the_last_template_requires_are_imported_in_advance(
    bench: Any, notebook: Callable[..., Path]
) -> None:
    path = notebook("import sys\nprint('wave' in sys.modules)", requires=["wave"])
    bench.until(lambda: ready_count(bench.home))
    first = bench.run(path)
    bench.until(lambda: ready_count(bench.home))

    second = bench.run(path)

    assert (bench.log(first), bench.log(second)) == ("False\n", "True\n")


def test_a_job_does_not_wait_for_a_runner_that_is_not_ready(bench: Any, notebook: Callable[..., Path]) -> None:
    job = bench.run(notebook("1"))

    assert (job.state, job.epoch) == ("succeeded", 1)


def test_a_kernel_that_is_older_than_what_is_installed_is_not_used(
    bench: Any, notebook: Callable[..., Path], alive: Callable[[str], list[Any]]
) -> None:
    bench.until(lambda: ready_count(bench.home))
    packages = Path(sysconfig.get_path("purelib"))
    os.utime(packages)

    job = bench.run(notebook("import os\nprint(os.environ.get('JPY_PARENT_PID'))"))

    assert job.state == "succeeded"
    assert list(Path(tempfile.gettempdir()).glob(f"modelops-standby-{job.attempt.runner.pid}-*")) == []


def test_a_runner_killed_while_it_stands_by_is_replaced_and_leaves_nothing(bench: Any) -> None:
    bench.until(lambda: ready_count(bench.home))
    [first] = waiting(bench)

    os.kill(first.pid, signal.SIGKILL)

    bench.until(lambda: waiting(bench) and waiting(bench) != [first])
    assert list(Path(tempfile.gettempdir()).glob(f"modelops-standby-{first.pid}-{first.start_time}-*")) == []


def test_a_job_killed_on_a_standby_runner_leaves_no_process(
    bench: Any, notebook: Callable[..., Path], alive: Callable[[str], list[Any]]
) -> None:
    bench.until(lambda: ready_count(bench.home))
    job = bench.start(
        notebook(
            "import subprocess, sys, time\n"
            "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', 'mark-standby'],"
            " start_new_session=True)\nprint('up', flush=True)\ntime.sleep(600)"
        )
    )
    bench.until(lambda: "up" in bench.log(job))
    kernel = next(
        process for process in alive("mark-standby")[0].parents() if "ipykernel" in " ".join(process.cmdline())
    )

    os.kill(job.attempt.runner.pid, signal.SIGKILL)
    job = bench.ended(job)

    assert (job.state, job.reason.code) == ("interrupted", "runner_died")
    assert alive("mark-standby") == []
    assert Identity.of(kernel.pid) is None


def test_no_runner_stands_by_when_memory_is_short(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.until(lambda: ready_count(bench.home))

    monkeypatch.setattr(pool, "SPARE_MEMORY", 1.1)

    bench.until(lambda: not ready_count(bench.home))


def test_runners_that_stand_by_end_with_the_worker_however_that_ends(home: Any) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        worker = subprocess.Popen([sys.executable, "-c", _WORKER])
        _wait(lambda: ready_count(home))
        [path] = (home.root / "standby").glob("*.json")
        runner = Identity(**json.loads(path.read_text()))

        worker.send_signal(number)
        worker.wait(timeout=20)

        _wait(lambda runner=runner: not runner.alive)
        assert list((home.root / "standby").glob("*.json")) == []


_WORKER = "from modelops_server.cli.main import main; main(['worker', '--standby', '1'])"


def _wait(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
