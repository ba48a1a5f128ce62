"""How long a trivial job takes: papermill's command line, jupyter-scheduler, ours with a standby runner and without.

Ours is timed from ``submit()`` to a running ``modelops worker`` until its first cell has started, and until the job has
ended; jupyter-scheduler from the request that creates the job until the server says that it is completed; papermill as
a whole process. They take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from others import jupyter_scheduler

from modelops.paths import StateHome
from modelops.templates import load_template
from modelops_server.jobs import Queue, State, submit
from modelops_server.jobs.journal import read_events
from modelops_server.jobs.running.standby import ready_count
from modelops_server.jobs.supervision.worker import LOCK
from modelops_server.processes import is_locked

FIRST_CELL = 0.25
"""Seconds from submission to the first cell with a standby runner."""
OF_PAPERMILL, OF_SCHEDULER, OF_PAPERMILL_COLD = 0.25, 0.1, 1.0
"""How long a whole job may take with a standby runner, and without one, relative to the others."""
_PATIENCE = 60.0


class Worker:
    """``modelops worker`` on a state home of its own, with so many standby runners."""

    def __init__(self, folder: Path, standby: int) -> None:
        self._home = StateHome(folder)
        self._standby = standby
        self._queue = Queue(self._home)
        self._process = subprocess.Popen(
            [str(Path(sysconfig.get_path("scripts")) / "modelops"), "worker", "--standby", str(standby)],
            env={**os.environ, "MODELOPS_HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: is_locked(folder / LOCK))

    def run(self, notebook: Path) -> tuple[float, float]:
        """Seconds from submission to the first cell, and to the end."""
        until(lambda: ready_count(self._home) >= self._standby)
        start = time.time()
        job = submit(self._home, load_template(notebook), {})
        until(lambda: self._queue.get(job.id).state.terminal)
        ended = time.time()
        job = self._queue.get(job.id)
        if job.state is not State.SUCCEEDED:
            raise RuntimeError(f"the job ended {job.state}: {job.reason}")
        cells = (event["time"] for _, event in read_events(job.folder) if event["type"] == "cell")
        return next(cells) - start, ended - start

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=_PATIENCE)
        self._queue.close()


def until(condition: Callable[[], bool]) -> None:
    """Return when ``condition()`` is true."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("it did not happen in time")
        time.sleep(0.01)


def papermill(notebook: Path) -> float:
    """Seconds that papermill's command line takes."""
    start = time.perf_counter()
    command = [
        str(Path(sysconfig.get_path("scripts")) / "papermill"),
        str(notebook),
        str(notebook.with_name("papermill.ipynb")),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def scheduled(server: jupyter_scheduler.Server, notebook: Path) -> float:
    """Seconds from a job's creation over REST until the server says that it is completed."""
    start = time.perf_counter()
    job = server.submit(notebook)
    while (status := server.job(job)["status"]) != "COMPLETED":
        # STOPPED is what it says at first, too, until the job's process has started.
        if status == "FAILED":
            raise RuntimeError("jupyter-scheduler failed")
        time.sleep(0.05)
    return time.perf_counter() - start


def measure(runs: int) -> dict[str, Any]:
    """The median of each figure, with its targets."""
    times: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        times.setdefault(name, []).append(seconds)

    jupyter_scheduler.environment()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary, ExitStack() as stack:
        folder = Path(temporary)
        notebook = folder / "trivial.ipynb"
        _write(notebook)
        server = jupyter_scheduler.Server(folder)
        stack.callback(server.kill)
        server.start()
        workers = {"without standby": Worker(folder / "cold", 0), "with standby": Worker(folder / "warm", 1)}
        for worker in workers.values():
            stack.callback(worker.close)
        for _ in range(runs + 1):
            note("papermill", papermill(notebook))
            note("jupyter-scheduler", scheduled(server, notebook))
            for name, worker in workers.items():
                first_cell, whole = worker.run(notebook)
                note(f"first cell {name}", first_cell)
                note(f"whole job {name}", whole)
    # The first round reads files from the disk and writes bytecode.
    seconds = {name: round(statistics.median(values[1:]), 3) for name, values in times.items()}
    return {"runs": runs, "seconds": seconds, "targets": _targets(seconds)}


def _targets(seconds: dict[str, float]) -> dict[str, dict[str, Any]]:
    cold, warm = seconds["whole job without standby"], seconds["whole job with standby"]
    found = {
        "cold_job_over_papermill": (cold / seconds["papermill"], OF_PAPERMILL_COLD),
        "standby_first_cell_seconds": (seconds["first cell with standby"], FIRST_CELL),
        "standby_job_over_papermill": (warm / seconds["papermill"], OF_PAPERMILL),
        "standby_job_over_jupyter_scheduler": (warm / seconds["jupyter-scheduler"], OF_SCHEDULER),
    }
    return {
        name: {"value": round(value, 3), "target": f"<= {target}", "met": value <= target}
        for name, (value, target) in found.items()
    }


def _write(path: Path) -> None:
    from nbformat import v4

    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [v4.new_code_cell("print('done')")]
    path.write_text(v4.writes(v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--runs", type=int, default=10, help="runs of each side (default 10)")
    options = parser.parse_args()
    figures = measure(options.runs)
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures["seconds"].items():
        print(f"{name:<28} {value:.3f} s")
    for name, target in figures["targets"].items():
        print(f"{name}: {target['value']} {target['target']} {'met' if target['met'] else 'missed'}")


if __name__ == "__main__":
    main()
