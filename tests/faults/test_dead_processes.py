"""F3, F4, F21: runners and kernels that are killed."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import nbformat
import pytest

from modelops_server.processes import Identity


@pytest.fixture
def mark() -> str:
    """A text that only the processes of one test carry in their command lines."""
    return f"mark-{uuid4().hex}"


def test_f3_a_killed_runner_takes_kernel_and_descendants_along_and_the_job_ends_interrupted(
    jobs: Any, notebook: Callable[..., Path], alive: Callable[[str], list[Any]], mark: str
) -> None:
    job = jobs.start(
        notebook(
            "done = True",
            "import subprocess, sys, time\n"
            f"sleep = [sys.executable, '-c', 'import time; time.sleep(600)', '{mark}']\n"
            "subprocess.Popen(sleep)\n"
            "subprocess.Popen(sleep, start_new_session=True)\n"
            "subprocess.Popen(sleep, start_new_session=True, env={})\n"
            "print('started', flush=True)\n"
            "time.sleep(600)",
            "never = True",
        )
    )
    jobs.until(lambda: "started" in jobs.log(job))
    # The one that cleared its environment is known to the runner once it has looked.
    jobs.until(lambda: len(alive(mark)) == 3)
    seen = job.folder / "processes.json"
    jobs.until(lambda: all(str(process.pid) in seen.read_text() for process in alive(mark)))
    jobs.until(lambda: jobs.output(job).cells[0].metadata.papermill.status == "completed")
    assert list(Path(tempfile.gettempdir()).glob(f"modelops-{job.id}-*"))
    kernel = next(process for process in alive(mark)[0].parents() if "ipykernel" in " ".join(process.cmdline()))

    os.kill(job.attempt.runner.pid, signal.SIGKILL)
    job = jobs.ended(job, seconds=10)

    assert (job.state, job.reason.code) == ("interrupted", "runner_died")
    assert Identity.of(kernel.pid) is None
    assert alive(mark) == []
    assert list(Path(tempfile.gettempdir()).glob(f"modelops-{job.id}-*")) == []
    output = jobs.output(job)
    assert output.metadata.modelops.run.partial is True
    assert [cell.metadata.papermill.status for cell in output.cells] == ["completed", "interrupted", "pending"]
    assert job.artifacts == ()


def test_f3_without_a_scheduler_the_kernel_dies_at_once_and_the_next_look_tells_the_truth(
    jobs: Any, notebook: Callable[..., Path], alive: Callable[[str], list[Any]]
) -> None:
    job = jobs.start(notebook("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)"))
    kernel = int(jobs.until(lambda: jobs.log(job).strip()))

    os.kill(job.attempt.runner.pid, signal.SIGKILL)

    deadline = time.monotonic() + 5
    while Identity.of(kernel) is not None:
        assert time.monotonic() < deadline, "the kernel outlived its runner"
        time.sleep(0.02)
    assert jobs.queue.get(job.id).state == "running"
    assert jobs.ended(job, seconds=2).state == "interrupted"


def test_f4_a_killed_kernel_fails_the_job_within_5_seconds_and_names_the_cell(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.start(
        notebook("a = 1", "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)", "never = True")
    )
    kernel = int(jobs.until(lambda: jobs.log(job).strip()))

    os.kill(kernel, signal.SIGKILL)
    job = jobs.ended(job, seconds=5)

    assert (job.state, job.reason.code) == ("failed", "kernel_died")
    assert (job.reason.details["cell"]["number"], job.reason.details["cell"]["total"]) == (2, 3)
    assert "SIGKILL" in job.reason.message
    # papermill would call every cell completed.
    statuses = [cell.metadata.papermill.status for cell in jobs.output(job).cells]
    assert statuses == ["completed", "interrupted", "pending"]
    assert jobs.output(job).metadata.modelops.run.partial is True


def test_f4_a_job_over_its_memory_limit_ends_out_of_memory_with_its_peak(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.run(notebook("import time\nhoard = bytearray(700_000_000)\ntime.sleep(600)"), memory=500_000_000)

    assert (job.state, job.reason.code) == ("failed", "out_of_memory")
    assert job.reason.details["peak_memory_bytes"] > 500_000_000
    assert job.attempt.peak_memory > 500_000_000


def test_f4_memory_that_the_kernel_is_refused_ends_out_of_memory(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(
        notebook(
            "import resource\n"
            "resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, 3_000_000_000))\n"
            "hoard = bytearray(4_000_000_000)"
        )
    )

    assert (job.state, job.reason.code) == ("failed", "out_of_memory")
    assert job.reason.details["cell"]["number"] == 1


def test_f21_a_runner_killed_in_the_middle_of_a_save_leaves_the_previous_whole_notebook(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.start(
        notebook(
            "marker = 'before'",
            "import time\nfrom IPython.display import HTML, display\n"
            "for _ in range(600):\n    display(HTML('x' * 4_000_000))\n    time.sleep(1)",
        )
    )
    runner = job.attempt.runner.pid
    output = job.folder / "output.ipynb"

    def half_written() -> bool:
        # A save writes beside the notebook, and renames at its end.
        with suppress(FileNotFoundError):
            return any(path.stat().st_size for path in job.folder.glob(f".{'?' * 16}.tmp"))
        return False

    def stopped_while_saving() -> bool:
        if not half_written():
            return False
        os.kill(runner, signal.SIGSTOP)
        if half_written():
            return True
        os.kill(runner, signal.SIGCONT)
        return False

    # From the second save on: the one before holds the first cell's outputs.
    jobs.until(lambda: output.stat().st_size > 1_000_000)
    deadline = time.monotonic() + 40
    while not stopped_while_saving():
        assert time.monotonic() < deadline, "no save was caught in the act"
    os.kill(runner, signal.SIGKILL)

    nbformat.validate(nbformat.read(output, as_version=4))  # before anyone has mended anything
    job = jobs.ended(job, seconds=10)
    whole = jobs.output(job)
    nbformat.validate(whole)
    assert whole.cells[0].metadata.papermill.status == "completed"
    assert whole.metadata.modelops.run.partial is True
    assert not list(job.folder.glob(".*.tmp"))
