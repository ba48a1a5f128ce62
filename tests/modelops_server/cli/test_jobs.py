"""`modelops run`, `modelops jobs` and `modelops worker`, as a person uses them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-c", "from modelops_server.cli.main import main; main()"]

Modelops = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def modelops(jobs: Any, tmp_path: Path) -> Modelops:
    """Runs the command line in a fresh state home, in which no job outlives a test that failed."""

    def run(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*COMMAND, *arguments], capture_output=True, text=True, timeout=90, cwd=tmp_path, stdin=subprocess.DEVNULL
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    return run


def test_run_follows_a_job_and_says_what_was_made(modelops: Modelops, notebook: Callable[..., Path]) -> None:
    path = notebook(
        "from modelops import log_artifact, log_metric, output_folder\nlog_metric(1, loss=0.5)\n"
        "(output_folder('r') / 'a.txt').write_text('x' * n)\nlog_artifact(output_folder('r'), 'findings', 'report')",
        parameters="n: int = 3",
    )

    done = modelops("run", str(path), "-p", "n=5")

    assert "Succeeded" in done.stdout
    assert "findings@1" in done.stdout
    assert "output.ipynb" in done.stdout
    assert "running" in done.stderr

    [job] = json.loads(modelops("jobs", "list", "--json").stdout)
    assert (job["state"], job["artifacts"]) == ("succeeded", ["findings@1"])
    shown = json.loads(modelops("jobs", "show", job["id"][:-1], "--json").stdout)
    assert shown["spec"]["parameters"] == {"n": 5}
    assert Path(modelops("jobs", "notebook", job["id"]).stdout.strip()).exists()
    assert Path(modelops("jobs", "report", job["id"]).stdout.strip()).read_text().startswith("<!DOCTYPE html>")
    events = [json.loads(line) for line in modelops("jobs", "events", job["id"], "--json").stdout.splitlines()]
    assert {"state", "cell", "metric", "artifact"} == {event["type"] for event in events}
    assert "loss 0.5" in modelops("jobs", "events", job["id"]).stdout


def test_a_failed_run_exits_1_and_says_where_and_what_to_do(modelops: Modelops, notebook: Callable[..., Path]) -> None:
    path = notebook("print('so far')", "1 / 0")

    done = modelops("run", str(path), expect=1)

    assert "ZeroDivisionError in cell 2 of 2" in done.stdout
    assert "[cell_error]" in done.stdout
    job = json.loads(modelops("run", str(path), "--json", expect=1).stdout)
    assert job["reason"]["details"]["cell"]["number"] == 2
    assert modelops("jobs", "log", job["id"]).stdout == "so far\n"


def test_wrong_usage_exits_2_and_queues_nothing(
    modelops: Modelops, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    path = str(notebook("1", parameters="n: int = 3"))

    for wrong in (["-p", "n"], ["-p", "m=1"], ["-p", "n=a"], ["--memory", "much"], ["--kernel", "none"]):
        modelops("run", path, *wrong, expect=2)
    modelops("run", "no-such-template", expect=2)
    modelops("jobs", "show", "no-such-job", expect=2)
    assert json.loads(modelops("jobs", "list", "--json").stdout) == []


def test_parameters_come_from_a_file_and_the_command_line_wins(
    modelops: Modelops, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    path = notebook("print(n, text)", parameters="n: int = 3\ntext: str = ''")
    (tmp_path / "values.yaml").write_text("n: 4\ntext: from the file\n")

    job = json.loads(modelops("run", str(path), "-f", "values.yaml", "-p", "n=5", "--json").stdout)

    assert modelops("jobs", "log", job["id"]).stdout == "5 from the file\n"


def test_diff_shows_a_table_and_the_changed_lines(modelops: Modelops, notebook: Callable[..., Path]) -> None:
    ids = [
        json.loads(modelops("run", str(notebook(source, parameters="n: int = 3")), "-p", f"n={n}", "--json").stdout)[
            "id"
        ]
        for n, source in enumerate(("print('one')", "print('two')"))
    ]

    shown = modelops("jobs", "diff", *ids).stdout

    assert re.search(r"^≠ +n +0 +1 *$", shown, re.MULTILINE)
    assert "-print('one')\n+print('two')\n" in shown
    assert "\x1b" not in shown
    document = json.loads(modelops("jobs", "diff", *ids, "--json").stdout)
    assert document["parameters"] == [{"name": "n", "a": 0, "b": 1, "differs": True}]
    assert document["environment"] == []


def test_a_detached_job_runs_in_the_background_and_can_be_waited_for(
    modelops: Modelops, notebook: Callable[..., Path]
) -> None:
    job_id = modelops("run", str(notebook("print('done')")), "--detach").stdout.strip()

    waited = modelops("jobs", "wait", job_id, "--json")

    assert json.loads(waited.stdout)["state"] == "succeeded"


def test_a_detached_job_can_be_cancelled(modelops: Modelops, notebook: Callable[..., Path]) -> None:
    job_id = modelops("run", str(notebook("import time\ntime.sleep(600)")), "--detach").stdout.strip()

    modelops("jobs", "cancel", job_id)
    waited = modelops("jobs", "wait", job_id, "--json", expect=1)

    assert json.loads(waited.stdout)["state"] == "cancelled"


def test_ctrl_c_cancels_the_job_that_is_followed(
    home: Any, modelops: Modelops, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    path = notebook("import time\nprint('up', flush=True)\ntime.sleep(600)")
    running = subprocess.Popen([*COMMAND, "run", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not any(log.read_text() == "up\n" for log in home.jobs.glob("*/log.txt")):
        assert time.monotonic() < deadline
        time.sleep(0.05)

    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)

    assert running.returncode == 1
    assert "Cancelling" in err
    assert "Cancelled" in out
    [job] = json.loads(modelops("jobs", "list", "--json").stdout)
    assert job["state"] == "cancelled"


def test_a_second_worker_stands_by_and_takes_over_when_the_first_ends(
    jobs: Any, modelops: Modelops, notebook: Callable[..., Path]
) -> None:
    workers = [subprocess.Popen([*COMMAND, "worker", "--standby", "0"]) for _ in range(2)]
    for worker in workers:
        job_id = modelops("run", str(notebook("1")), "--detach").stdout.strip()
        assert "Succeeded" in modelops("jobs", "wait", job_id).stdout
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=10) == 0
