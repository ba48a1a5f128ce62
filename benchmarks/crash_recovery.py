"""What our runner and jupyter-scheduler say of the same notebook 30 seconds after the same fault, and if it is true.

The notebook writes a line a second, for 20 seconds, then prints a result. Ours is scheduled by ``modelops worker``,
which is killed where the Jupyter server of jupyter-scheduler is.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import psutil
from others import jupyter_scheduler

from modelops.paths import StateHome

SECONDS, LATER, ADOPTED = 20, 30, 5.0
"""How long the notebook takes, when both are asked after the fault, and how soon a running job must be adopted."""
_MARK = "MODELOPS_BENCHMARK"
"""Environment variable by which the processes of one trial are found."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

_WORK = """
import time
for number in range({seconds}):
    print("line", number, flush=True)
    with open({beats!r}, "a") as beats:
        beats.write("x")
    time.sleep(1)
"""
_DAEMON = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "daemon"], start_new_session=True)
"""
# jupyter-scheduler's kernel has no modelops to report to.
_NAN = """
loss = float("nan")
try:
    import modelops
except ImportError:
    print("loss", loss)
else:
    modelops.log_metric(1, loss=loss)
"""


class Side(Protocol):
    """A scheduler that is killed and asked."""

    runner: str
    """What the command line of the process that executes a job contains."""

    def start(self) -> None: ...

    def adopted(self, job: str) -> bool: ...

    def kill(self, *, group: bool) -> None: ...

    def submit(self, notebook: Path) -> str: ...

    def says(self, job: str) -> tuple[str, str]: ...

    def cancel(self, job: str) -> None: ...

    def has_result(self, job: str) -> bool: ...


class Ours:
    """``modelops worker`` on a state home of its own."""

    runner = "modelops_server.jobs.running.runner"

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        from modelops_server.jobs import Queue

        self._home = StateHome(folder / "home")
        self._environment = {**os.environ, **variables, "MODELOPS_HOME": str(self._home.root)}
        self._folder = folder
        self._worker: subprocess.Popen[bytes] | None = None
        self._queue = Queue(self._home)

    def start(self) -> None:
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "modelops_server.jobs.supervision.worker"],
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def adopted(self, job: str) -> bool:
        from modelops_server.jobs.supervision.worker import LOCK
        from modelops_server.processes import is_locked

        attempt = self._queue.get(job).attempt
        living = attempt is not None and attempt.runner is not None and attempt.runner.alive
        return is_locked(self._home.root / LOCK) and living

    def kill(self, *, group: bool) -> None:
        if self._worker is not None:
            (os.killpg if group else os.kill)(self._worker.pid, signal.SIGKILL)
            self._worker.wait()

    def submit(self, notebook: Path) -> str:
        from modelops.templates import load_template
        from modelops_server.jobs import submit

        return submit(self._home, load_template(notebook), {}, working_directory=self._folder).id

    def says(self, job: str) -> tuple[str, str]:
        found = self._queue.get(job)
        return found.state.value, str(found.reason.code) if found.reason else ""

    def cancel(self, job: str) -> None:
        self._queue.request_cancel(job)

    def has_result(self, job: str) -> bool:
        output = self._queue.get(job).folder / "output.ipynb"
        return output.exists() and '"the result\\n"' in output.read_text()


class JupyterScheduler:
    """jupyter-scheduler in its Jupyter server."""

    runner = "multiprocessing.spawn"

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._server = jupyter_scheduler.Server(folder, variables)

    def start(self) -> None:
        self._server.start()

    def adopted(self, job: str) -> bool:
        return bool(self._server.job(job))

    def kill(self, *, group: bool) -> None:
        self._server.kill(group=group)

    def submit(self, notebook: Path) -> str:
        return self._server.submit(notebook)

    def says(self, job: str) -> tuple[str, str]:
        document = self._server.job(job)
        message = _COLOUR.sub("", str(document.get("status_message") or "")).strip()
        return document["status"], message.splitlines()[-1][:60] if message else ""

    def cancel(self, job: str) -> None:
        self._server.stop_job(job)

    def has_result(self, job: str) -> bool:
        return any('"the result\\n"' in path.read_text() for path in self._server.results())


SIDES: dict[str, Callable[[Path, dict[str, str]], Side]] = {
    "modelops": Ours,
    f"jupyter-scheduler {jupyter_scheduler.VERSION}": JupyterScheduler,
}


class Trial:
    """One side, one running job, one fault."""

    def __init__(self, folder: Path, side: Callable[[Path, dict[str, str]], Side], cells: tuple[str, ...]) -> None:
        self._mark = secrets.token_hex(8)
        self._beats = folder / "beats"
        self._notebook = folder / "notebook.ipynb"
        work = _WORK.format(seconds=SECONDS, beats=str(self._beats))
        _write(self._notebook, [*(cells or (work,)), 'print("the result")'])
        self.side = side(folder, {_MARK: self._mark})
        self.job = ""
        self.adoption: float | None = None

    def begin(self) -> None:
        """Start the scheduler and the job, and return when its first cell has begun."""
        self.side.start()
        self.job = self.side.submit(self._notebook)

    def wait_for_work(self) -> None:
        """Return when the notebook has written three lines."""
        deadline = time.monotonic() + 60
        while self.beats < 3:
            if time.monotonic() > deadline:
                raise RuntimeError("the notebook did not begin")
            time.sleep(0.1)

    def restart(self) -> None:
        """Start the scheduler again, and take the time until it knows the job."""
        start = time.monotonic()
        self.side.start()
        while not self.side.adopted(self.job):
            if time.monotonic() - start > LATER:
                return
            time.sleep(0.02)
        self.adoption = time.monotonic() - start

    @property
    def beats(self) -> int:
        return self._beats.stat().st_size if self._beats.exists() else 0

    def processes(self, *words: str) -> list[psutil.Process]:
        """This trial's processes whose command line contains one of ``words``; without words, all."""
        found = []
        for process in psutil.process_iter():
            try:
                line = " ".join(process.cmdline())
                mine = process.environ().get(_MARK) == self._mark
            except psutil.Error:
                continue
            if mine and (not words or any(word in line for word in words)):
                found.append(process)
        return found

    def close(self) -> None:
        """End everything that the trial has started."""
        for process in self.processes():
            process.kill()


def kill_server(trial: Trial) -> None:
    trial.wait_for_work()
    trial.side.kill(group=False)
    trial.restart()


def kill_group(trial: Trial) -> None:
    trial.wait_for_work()
    trial.side.kill(group=True)
    trial.restart()


def kill_runner(trial: Trial) -> None:
    trial.wait_for_work()
    for process in trial.processes(trial.side.runner):
        process.kill()


def kill_kernel(trial: Trial) -> None:
    trial.wait_for_work()
    for process in trial.processes("ipykernel_launcher"):
        process.kill()


def cancel_after_restart(trial: Trial) -> None:
    kill_server(trial)
    trial.side.cancel(trial.job)


def nothing(trial: Trial) -> None:
    """The notebook itself is the fault."""


@dataclass(frozen=True)
class Fault:
    """What happens, in which notebook, and how a true account of it ends."""

    name: str
    happen: Callable[[Trial], None]
    ends: frozenset[str]
    cells: tuple[str, ...] = ()


_DONE = frozenset({"succeeded", "COMPLETED"})
_NOT_DONE = frozenset({"failed", "interrupted", "cancelled", "FAILED", "STOPPED"})
FAULTS = (
    Fault("server killed", kill_server, _DONE),
    Fault("server's process group killed", kill_group, _DONE),
    Fault("runner killed", kill_runner, _NOT_DONE),
    Fault("kernel killed", kill_kernel, _NOT_DONE),
    Fault("cancel after a killed server", cancel_after_restart, _NOT_DONE),
    Fault("a cell leaves a daemon", nothing, _DONE, (_DAEMON,)),
    Fault("a cell calls sys.exit(0)", nothing, _NOT_DONE, ("import sys\nsys.exit(0)",)),
    Fault("the loss becomes NaN", nothing, _NOT_DONE, (_NAN,)),
)


@dataclass(frozen=True)
class Outcome:
    """What a side says, and what is the case."""

    fault: str
    side: str
    says: str
    why: str
    adopted_seconds: float | None
    lines: int
    result: bool
    left: int
    """Kernels and daemons that still run."""
    true: bool
    """The state is what happened, a success has its result, and nothing runs on behind it."""


def run(fault: Fault, name: str) -> Outcome:
    """Inject one fault on one side."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        trial = Trial(Path(temporary), SIDES[name], fault.cells)
        try:
            trial.begin()
            fault.happen(trial)
            time.sleep(LATER)
            says, why = trial.side.says(trial.job)
            result, left = trial.side.has_result(trial.job), len(trial.processes("ipykernel_launcher", "daemon"))
            true = says in fault.ends and (result or says not in _DONE) and not left
            adoption = None if trial.adoption is None else round(trial.adoption, 2)
            return Outcome(fault.name, name, says, why, adoption, trial.beats, result, left, true)
        finally:
            trial.close()


def measure() -> dict[str, Any]:
    """All outcomes; both sides meet a fault at the same time."""
    jupyter_scheduler.environment()
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(len(SIDES)) as pool:
        for fault in FAULTS:
            outcomes += pool.map(partial(run, fault), SIDES)
    ours = [outcome for outcome in outcomes if outcome.side == "modelops"]
    killed = ours[0]
    went_on = killed.says == "succeeded" and killed.lines == SECONDS
    adoption, true = killed.adopted_seconds, sum(outcome.true for outcome in ours)
    return {
        "outcomes": [asdict(outcome) for outcome in outcomes],
        "targets": {
            "went_on_after_kill": {"value": killed.says, "target": "succeeded, every line once", "met": went_on},
            "adopted_seconds": {
                "value": adoption,
                "target": f"<= {ADOPTED}",
                "met": adoption is not None and adoption <= ADOPTED,
            },
            "true_outcomes": {"value": true, "target": f">= {len(FAULTS)}", "met": true == len(FAULTS)},
        },
    }


def _write(path: Path, sources: list[str]) -> None:
    from nbformat import v4

    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [v4.new_code_cell(source) for source in sources]
    path.write_text(v4.writes(v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    figures = measure()
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{'fault':<32}{'side':<26}{'says':<13}{'lines':>6}{'result':>8}{'left':>6}{'adopted':>9}  true")
    for outcome in figures["outcomes"]:
        adopted = f"{outcome['adopted_seconds']:.2f} s" if outcome["adopted_seconds"] is not None else "-"
        print(
            f"{outcome['fault']:<32}{outcome['side']:<26}{outcome['says']:<13}{outcome['lines']:>6}"
            f"{'yes' if outcome['result'] else 'no':>8}{outcome['left']:>6}{adopted:>9}"
            f"  {'yes' if outcome['true'] else 'NO'}  {outcome['why']}"
        )
    for name, target in figures["targets"].items():
        print(f"{name}: {target['value']} {target['target']} {'met' if target['met'] else 'missed'}")


if __name__ == "__main__":
    main()
