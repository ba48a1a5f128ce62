"""F16, F17, F18: kernels that hang, wait, never start, leave early, or leave processes behind."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from modelops_server.processes import Identity


def test_f16_a_kernel_that_hangs_holding_the_gil_ends_by_the_cells_time_limit(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.run(
        notebook(
            "import ctypes, os\nprint(os.getpid(), flush=True)",
            "ctypes.PyDLL(None).sleep(600)  # PyDLL does not release the GIL",
        ),
        cell_timeout=1.5,
    )

    assert (job.state, job.reason.code) == ("failed", "timeout")
    assert job.reason.details["cell"]["number"] == 2
    assert Identity.of(int(jobs.log(job))) is None


def test_f16_a_cell_over_the_jobs_time_limit_is_interrupted_before_it_is_killed(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.run(notebook("import time\ntry:\n    time.sleep(600)\nfinally:\n    print('tidied up')"), timeout=4)

    assert (job.state, job.reason.code) == ("failed", "timeout")
    assert "tidied up" in jobs.log(job)


def test_f16_a_cell_that_asks_for_input_gets_an_error(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(notebook("name = input('Your name? ')"))

    assert (job.state, job.reason.code) == ("failed", "cell_error")
    assert job.reason.details["ename"] == "StdinNotImplementedError"
    assert "parameter" in job.reason.hint


def test_f16_a_cell_that_reads_the_raw_standard_input_finds_its_end(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(notebook("import os\nassert os.read(0, 1) == b''"))

    assert job.state == "succeeded"


@pytest.fixture
def silent_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernelspec whose process lives and never says a word; its name is in the command line."""
    name = f"silent-{uuid4().hex}"
    folder = tmp_path / "jupyter" / "kernels" / name
    folder.mkdir(parents=True)
    argv = ["python", "-c", "import time; time.sleep(600)", name, "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    return name


def test_f16_a_kernel_that_never_starts_ends_by_the_time_limit_of_its_start(
    jobs: Any, notebook: Callable[..., Path], silent_kernel: str, alive: Callable[[str], list[Any]]
) -> None:
    job = jobs.run(notebook("1", kernel=silent_kernel), start_timeout=2)

    assert (job.state, job.reason.code) == ("failed", "kernel_not_started")
    assert alive(silent_kernel) == []


def test_f17_daemons_double_forks_and_nohup_end_with_the_attempt_and_free_their_ports(
    jobs: Any, notebook: Callable[..., Path], alive: Callable[[str], list[Any]]
) -> None:
    mark = f"mark-{uuid4().hex}"
    listen = (
        "import socket, time\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\n"
        "open(__import__('sys').argv[1], 'w').write(str(s.getsockname()[1]))\ntime.sleep(600)"
    )
    job = jobs.run(
        notebook(
            "import os, subprocess, sys, time\nfrom pathlib import Path\nfrom modelops import output_folder\n"
            f"listen, mark = {listen!r}, {mark!r}\n"
            "ports = output_folder('ports')\n"
            "command = lambda name: [sys.executable, '-c', listen, str(ports / name), mark]",
            "subprocess.Popen(['nohup', *command('nohup')])\n"
            "subprocess.Popen(command('session'), start_new_session=True)\n"
            "subprocess.Popen(['env', '-i', 'setsid', *command('no-environment')])",
            "if os.fork() == 0:\n"
            "    os.setsid()\n"
            "    if os.fork() == 0:\n"
            "        os.execv(sys.executable, command('double-fork'))\n"
            "    os._exit(0)",
            "deadline = time.monotonic() + 20\n"
            "while sum(path.stat().st_size > 0 for path in ports.iterdir()) < 4:\n"
            "    assert time.monotonic() < deadline\n"
            "    time.sleep(0.05)",
        )
    )

    assert job.state == "succeeded", job.reason
    assert alive(mark) == []
    ports = [int(path.read_text()) for path in (job.folder / "outputs" / "ports").iterdir()]
    assert len(ports) == 4
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("leave", ["import sys; sys.exit(0)", "import os; os._exit(0)", "exit()", "raise SystemExit"])
def test_f18_leaving_a_notebook_early_is_not_a_success(jobs: Any, notebook: Callable[..., Path], leave: str) -> None:
    job = jobs.run(notebook("a = 1", leave, "b = 2"))

    assert (job.state, job.reason.code) == ("failed", "early_exit")
    assert (job.reason.details["cell"]["number"], job.reason.details["cell"]["total"]) == (2, 3)
    assert (job.folder / "output.ipynb").exists()
