"""F10: a wall clock that jumps a day forward and a year back while jobs wait, run and end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

from modelops.client import Progress
from modelops.registry import Registry
from modelops_server.jobs.comparison import compare_jobs
from modelops_server.jobs.journal import read_events

DAY, YEAR = 86_400, 365 * 86_400

# Loaded by Python before anything else, in every child: scheduler, runner and kernel share a clock, set by a file.
_CLOCK = """
import datetime, os, time
_time, _datetime = time.time, datetime.datetime

def offset():
    try:
        return float(open({file!r}).read() or 0)
    except (OSError, ValueError):
        return 0.0

class Shifted(_datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls):
        return cls.fromtimestamp(time.time(), datetime.timezone.utc).replace(tzinfo=None)

time.time = lambda: _time() + offset()
datetime.datetime = Shifted
"""

_SUBMIT = """
import sys
from pathlib import Path
from modelops.paths import StateHome
from modelops.templates import load_template
from modelops_server.jobs import submit
print(submit(StateHome(Path(sys.argv[1])), load_template(Path(sys.argv[2])), {}).id)
"""

_WORKER = "from modelops_server.cli.main import main; main(['worker', '--max-running', '1', '--exit-when-idle'])"


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says by how many seconds the children's wall clock is wrong."""
    file = tmp_path / "offset"
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(_CLOCK.format(file=str(file)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    return file


@pytest.mark.parametrize("jump", [DAY, -YEAR], ids=["a-day-forward", "a-year-back"])
def test_f10_jobs_keep_lease_order_ids_and_durations_when_the_clock_jumps(
    jobs: Any, notebook: Callable[..., Path], clock: Path, jump: int
) -> None:
    path = notebook(
        "import time\nfrom pathlib import Path\nfrom modelops import log_artifact, log_metric, log_progress,"
        " output_folder\nlog_progress(1, 4)\nbefore = time.time()",
        f"clock = Path({str(clock)!r})\nclock.write_text('{jump}' if clock.read_text() == '0' else '0')\n"
        "log_progress(2, 4)\nlog_metric(loss=1.0)\nassert abs(time.time() - before) > 80_000\ntime.sleep(2.5)",
        "out = output_folder('out')\n(out / 'x').write_text('x')\nlog_artifact(out, 'made', 'report')",
    )

    def submit_one() -> str:
        command = [sys.executable, "-c", _SUBMIT, str(jobs.home.root), str(path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    submitted = [submit_one(), submit_one()]
    clock.write_text(str(jump))
    submitted.append(submit_one())
    clock.write_text("0")  # the first job makes it jump, the second back, the third again
    worker = subprocess.run([sys.executable, "-c", _WORKER], timeout=120, check=False)
    assert worker.returncode == 0

    ended = [jobs.queue.get(job) for job in submitted]
    assert [(job.state, job.epoch) for job in ended] == [("succeeded", 1)] * 3
    assert [job.artifacts for job in ended] == [("made@1",), ("made@2",), ("made@3",)]
    for job in ended:
        assert job.submitted <= job.started <= job.finished
        assert job.attempt.started <= job.attempt.finished
        papermill = jobs.output(job).metadata.papermill
        assert 2.5 < papermill.duration < 60
        assert all(0 <= cell.metadata.papermill.duration < 60 for cell in jobs.output(job).cells)
        with Registry(jobs.home).verified_open(job.artifacts[0]) as opened:
            run = opened.statement["predicate"]["runDetails"]["metadata"]
        took = datetime.fromisoformat(run["finishedOn"]) - datetime.fromisoformat(run["startedOn"])
        assert 2.5 < took.total_seconds() < 60
        progress = Progress()
        for _, event in read_events(job.folder):
            progress.take(event)
            assert (progress.seconds_left(event["time"]) or 0) >= 0
        nbformat.validate(jobs.output(job))
    seconds = next(
        item for item in compare_jobs(ended[0], ended[2]).as_json()["resources"] if item["name"] == "seconds"
    )
    assert min(seconds["a"], seconds["b"]) >= 0
