"""What our engine adds to running a notebook: 101 trivial cells beside plain nbclient and papermill, and event latency.

Whole processes take turns (nbclient, papermill, papermill with our engine, and the runner of a job), and so do nbclient
and our engine inside of this process, where nothing is imported. Latency is the time from ``modelops.log_metric`` in a
job's kernel to the event at somebody who follows the job's journal.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CELLS = 101
MOST = 1.15
"""How much longer than nbclient our engine may take."""
LATENCY = 0.1
"""Seconds within which an event reaches its reader, 99 times of 100."""
EVENTS = 300

_PLAIN_NBCLIENT = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook).execute()
nbformat.write(notebook, sys.argv[2])
"""
# Intervals that share no divisor with a reader's polling.
_METRICS = """
import time, modelops
for number in range({events}):
    modelops.log_metric(number, sent=time.time())
    time.sleep(0.005 + 0.0371 * (number * 7 % 11) / 11)
"""


def write_notebook(path: Path, sources: list[str]) -> Path:
    """Write a notebook with these code cells."""
    from nbformat import v4

    cells = [v4.new_code_cell(source) for source in sources]
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(v4.writes(v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})))
    return path


def runner_command(notebook: Path) -> list[str]:
    """Submit a notebook, claim the job, and return the command that its executor would start."""
    from modelops.paths import StateHome
    from modelops.templates import load_template
    from modelops_server.jobs import Queue, submit
    from modelops_server.processes import Identity

    home = StateHome.default()
    submit(home, load_template(notebook), {})
    job = Queue(home).claim(Identity.mine(), max_running=1)
    if job is None:
        raise RuntimeError("another job is still active")
    return [sys.executable, "-m", "modelops_server.jobs.running.runner", str(job.folder), str(job.epoch)]


def whole_processes(notebook: Path, folder: Path) -> dict[str, Callable[[], list[str]]]:
    """What is timed from start to exit; a job's submission is not part of its runner."""
    papermill = [str(Path(sysconfig.get_path("scripts")) / "papermill"), str(notebook)]
    return {
        "nbclient": lambda: [sys.executable, "-c", _PLAIN_NBCLIENT, str(notebook), str(folder / "nbclient.ipynb")],
        "papermill": lambda: [*papermill, str(folder / "papermill.ipynb")],
        "papermill --engine modelops": lambda: [*papermill, str(folder / "ours.ipynb"), "--engine", "modelops"],
        "runner of a job": lambda: runner_command(notebook),
    }


def in_process(notebook: Path, folder: Path) -> dict[str, Callable[[], float]]:
    """Both engines on a notebook in memory, until the executed one is on the disk."""
    import nbformat
    from nbclient import NotebookClient
    from papermill.iorw import load_notebook_node

    from modelops_server.jobs.journal import Journal
    from modelops_server.jobs.running.engine import ModelOpsEngine
    from modelops_server.jobs.running.execution import ExecutionOptions

    def nbclient() -> float:
        document = nbformat.read(notebook, as_version=4)
        start = time.perf_counter()
        NotebookClient(document).execute()
        nbformat.write(document, folder / "nbclient.ipynb")
        return time.perf_counter() - start

    def ours() -> float:
        document = load_notebook_node(str(notebook))
        start = time.perf_counter()
        with Journal(folder) as journal:
            options = ExecutionOptions(sink=journal)
            output = str(folder / "ours.ipynb")
            ModelOpsEngine.execute_notebook(document, "python3", output, progress_bar=False, job_options=options)
        return time.perf_counter() - start

    return {"nbclient in process": nbclient, "our engine in process": ours}


def timed(command: list[str]) -> float:
    """How long a process takes, in seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure_times(folder: Path, runs: int) -> dict[str, float]:
    """The median seconds of every side; they take turns, so that load falls on all alike."""
    notebook = write_notebook(folder / "notebook.ipynb", [f"value = {number}" for number in range(CELLS)])
    processes = whole_processes(notebook, folder)
    sides: dict[str, Callable[[], float]] = {
        name: lambda command=command: timed(command())  # type: ignore[misc]
        for name, command in processes.items()
    }
    sides |= in_process(notebook, folder)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(runs + 1):
        for name, side in sides.items():
            times[name].append(side())
    # The first round reads files from the disk and writes bytecode.
    return {name: round(statistics.median(values[1:]), 3) for name, values in times.items()}


def measure_latency(folder: Path) -> list[float]:
    """Seconds from each ``log_metric`` in a job's kernel to the reader of its journal, in ascending order."""
    from modelops_server.jobs.journal import follow_events

    notebook = write_notebook(folder / "metrics.ipynb", [_METRICS.format(events=EVENTS)])
    command = runner_command(notebook)
    runner = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    latencies = [
        time.time() - event["values"]["sent"]
        for _, event in follow_events(Path(command[-2]), lambda: runner.poll() is not None)
        if event["type"] == "metric"
    ]
    if len(latencies) != EVENTS:
        raise RuntimeError(f"{len(latencies)} of {EVENTS} events arrived")
    return sorted(latencies)


def measure(runs: int) -> dict[str, Any]:
    """All figures and their targets."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["MODELOPS_HOME"] = str(folder / "home")
        seconds = measure_times(folder, runs)
        latencies = measure_latency(folder)
    median, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
    process = seconds["papermill --engine modelops"] / seconds["nbclient"]
    engine = seconds["our engine in process"] / seconds["nbclient in process"]
    return {
        "cells": CELLS,
        "runs": runs,
        "seconds": seconds,
        "event_latency": {"events": EVENTS, "median": round(median, 4), "p99": round(p99, 4)},
        "targets": {
            "process_over_nbclient": {"value": round(process, 3), "target": f"<= {MOST}", "met": process <= MOST},
            "engine_over_nbclient": {"value": round(engine, 3), "target": f"<= {MOST}", "met": engine <= MOST},
            "event_latency_p99_seconds": {"value": round(p99, 4), "target": f"<= {LATENCY}", "met": p99 <= LATENCY},
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--runs", type=int, default=10, help="runs of each side (default 10)")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    figures = measure(options.runs)
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures["seconds"].items():
        print(f"{name:<28} {value:.3f} s")
    latency = figures["event_latency"]
    print(f"{'event to reader':<28} {latency['median'] * 1000:.1f} ms median, {latency['p99'] * 1000:.1f} ms p99")
    for name, target in figures["targets"].items():
        print(f"{name}: {target['value']} {target['target']} {'met' if target['met'] else 'missed'}")


if __name__ == "__main__":
    main()
