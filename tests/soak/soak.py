"""Hours of bad luck in minutes: writers submit jobs while processes are killed, paused, and the disk fills up.

``python tests/soak/soak.py --minutes 10 --seed 1``: a Jupyter server and a worker share one state home. At the end it
waits until nothing is left to do, and checks that every job ended in the truth; exit status 1 if one did not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_notebook

from modelops.errors import ModelOpsError
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops.registry.upkeep.fsck import fsck
from modelops.templates import load_template
from modelops_server.jobs import JobOptions, Queue, State, submit
from modelops_server.jobs.states import ACTIVE
from modelops_server.processes import carriers, send_signal

OUTPUT = (
    "import modelops\nout = modelops.output_folder('out')\n(out / 'result.txt').write_text('x' * 100_000)\n"
    "modelops.log_artifact(out, 'soak', 'report')"
)
TRAINING = (
    "import modelops, time\nfolder = modelops.checkpoint_folder()\ndone = len(list(folder.iterdir()))\n"
    "for step in range(done, 20):\n    time.sleep(0.2)\n    (folder / f'{step:02}').touch()\n"
    "    modelops.log_metric(step, loss=1 / (step + 1))\n    modelops.log_progress(step, 20)"
)
KINDS: dict[str, tuple[str, ...]] = {
    "artifact": ("import time\ntime.sleep(0.5)", OUTPUT),
    "plain": ("print('hello')", "import time\ntime.sleep(1)"),
    "fails": ("1 / 0",),
    "leaves": ("import os\nos._exit(0)",),
    "daemons": (
        "import subprocess, sys\nidle = [sys.executable, '-c', 'import time; time.sleep(900)']",
        "subprocess.Popen(idle, start_new_session=True)",
    ),
    "training": (TRAINING, OUTPUT),
}
MAKES = ("artifact", "training")
"""The kinds whose success has exactly one artifact."""
WAITING = 12
"""Jobs that have not ended, above which writers rest."""
DISK = "256m"


class Soak:
    """One run."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.seed = seed
        self.home = StateHome(folder / "disk" / "home")
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self.over = threading.Event()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.disk = self._mount()
        (folder / "tmp").mkdir()
        os.environ |= {"MODELOPS_HOME": str(self.home.root), "TMPDIR": str(folder / "tmp")}
        tempfile.tempdir = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.token = secrets.token_hex(8)
        self.notebooks = {kind: self._write(kind, cells) for kind, cells in KINDS.items()}
        Queue(self.home).close()

    def _mount(self) -> str:
        disk = self.folder / "disk"
        disk.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(disk)], check=False)
        return f"tmpfs of {DISK}" if mount.returncode == 0 else "never full: that needs root, to mount a small one"

    def _write(self, kind: str, cells: tuple[str, ...]) -> Path:
        path = self.folder / f"{kind}.ipynb"
        metadata: dict[str, Any] = {"kernelspec": {"name": "python3", "display_name": "python3", "language": "python"}}
        if kind == "training":
            metadata["modelops"] = {"resumable": True}
        nbformat.write(new_notebook(cells=list(map(new_code_cell, cells)), metadata=metadata), path)
        return path

    # --- what runs ---

    def start(self) -> None:
        """Start what is not running: the server, the worker."""
        commands = {
            "server": [
                *(sys.executable, "-m", "jupyter_server", f"--ServerApp.port={self.port}", "--no-browser"),
                *("--allow-root", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"),
                *(f"--ServerApp.root_dir={self.folder}", "--ServerApp.jpserver_extensions={'modelops_server': True}"),
            ],
            "worker": [
                *(sys.executable, "-c", "from modelops_server.cli.main import main; main()"),
                *("worker", "--cpus", "3"),
            ],
        }
        for name, command in commands.items():
            if name not in self.processes or self.processes[name].poll() is not None:
                if name in self.processes:
                    self.counts[f"{name} came back"] += 1
                with (self.folder / f"{name}.log").open("ab") as log:
                    self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def write(self, number: int) -> None:
        """One writer: submits until it is over."""
        dice, last = random.Random(f"{self.seed}/{number}"), ""
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/modelops/api/v1",
            headers={"Authorization": f"token {self.token}"},
            timeout=40,
        )
        queue = Queue(self.home)
        while not self.over.wait(dice.uniform(0.2, 1.5)):
            kind = dice.choice([*KINDS, "training", "artifact"])
            after = [last] if last and dice.random() < 0.25 else []
            try:
                if queue.count([State.QUEUED, *ACTIVE]) >= WAITING:
                    continue
                if number % 2:
                    body = {"template": str(self.notebooks[kind]), "after": after}
                    answer = client.post("/jobs", json=body, headers={"Idempotency-Key": secrets.token_hex(8)})
                    self.counts[f"REST answered {answer.status_code}"] += 1
                    if answer.status_code == 201:
                        last = answer.json()["id"]
                    elif answer.status_code == 500:
                        self.problems.append(f"the server answered 500: {answer.text[:300]}")
                else:
                    template = load_template(self.notebooks[kind])
                    last = submit(self.home, template, {}, options=JobOptions(grace=1.0), after=after).id
                    self.counts["Python submitted"] += 1
            except httpx.TransportError:
                self.counts["REST did not answer"] += 1
            except (ModelOpsError, OSError, sqlite3.OperationalError) as error:
                self.counts[f"Python refused: {getattr(error, 'code', type(error).__name__)}"] += 1

    # --- what goes wrong ---

    def harm(self) -> None:
        """Do harm until it is over."""
        dice, queue = random.Random(self.seed), Queue(self.home)
        while not self.over.wait(dice.uniform(0.5, 3.0)):
            action = dice.choice(["kill", "kill", "pause", "cancel", "cancel", "fill"])
            with suppress(sqlite3.OperationalError, ModelOpsError, psutil.NoSuchProcess):
                if action == "cancel":
                    self._cancel(queue, dice)
                elif action == "fill":
                    self._fill(dice)
                else:
                    self._signal(queue, dice, action)
            with suppress(OSError):  # the log of a process may find no space
                self.start()

    def _cancel(self, queue: Queue, dice: random.Random) -> None:
        if jobs := queue.list(states=[State.QUEUED, *ACTIVE]):
            queue.request_cancel(dice.choice(jobs).id)
            self.counts["cancelled"] += 1

    def _fill(self, dice: random.Random) -> None:
        if not self.disk.startswith("tmpfs"):
            return
        filler = self.folder / "disk" / "filler"
        with suppress(OSError), filler.open("wb") as stream:
            while True:
                stream.write(bytes(1 << 20))
        self.counts["disk full"] += 1
        self.over.wait(dice.uniform(1, 4))
        filler.unlink()

    def _signal(self, queue: Queue, dice: random.Random, action: str) -> None:
        victims: dict[str, list[int]] = {name: [process.pid] for name, process in self.processes.items()}
        runners = [job.attempt.runner.pid for job in queue.list(states=ACTIVE) if job.attempt and job.attempt.runner]
        victims["runner"] = runners
        victims["kernel"] = [
            child.pid
            for runner in runners
            for child in psutil.Process(runner).children()
            if "ipykernel" in " ".join(child.cmdline())
        ]
        victims["standby"] = [int(json.loads(path.read_bytes())["pid"]) for path in self._standing_by()]
        who = dice.choice(list(victims))
        if not victims[who]:
            return
        pid = dice.choice(victims[who])
        self.counts[f"{action} {who}"] += 1
        if action == "kill":
            send_signal(pid, signal.SIGKILL)
            return
        send_signal(pid, signal.SIGSTOP)
        self.over.wait(25 if dice.random() < 0.2 else dice.uniform(0.2, 5))
        send_signal(pid, signal.SIGCONT)

    def _standing_by(self) -> list[Path]:
        return list((self.home.root / "standby").glob("*.json"))

    def _sockets(self) -> list[Path]:
        return list(Path(tempfile.gettempdir()).glob("modelops-*"))

    # --- what must be true ---

    def settle(self, patience: float = 240.0) -> None:
        """Wait until nothing is left to do, then end server and worker."""
        deadline, queue = time.monotonic() + patience, Queue(self.home)
        while queue.count([State.QUEUED, *ACTIVE]):
            self.start()
            if time.monotonic() > deadline:
                stuck = [f"{job.id} is {job.state}" for job in queue.list(states=[State.QUEUED, *ACTIVE])]
                self.problems.append(f"after {patience:g} s still: {', '.join(stuck)}")
                break
            time.sleep(0.2)
        for process in self.processes.values():
            process.terminate()
        for name, process in self.processes.items():
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.problems.append(f"the {name} does not stop")
                process.kill()
        deadline = time.monotonic() + 20
        while self._sockets() and time.monotonic() < deadline:
            time.sleep(0.1)

    def check(self) -> None:
        """Add to the problems whatever is not as it must be."""
        queue = Queue(self.home)
        registry = Registry(self.home, queue.database)
        self._check_registry(registry)
        made: dict[str, list[str]] = {}
        for artifact in registry.list(limit=1_000_000):
            made.setdefault(artifact.job or "", []).append(artifact.ref)
        for job in queue.list(limit=1_000_000):
            self.counts[f"job {job.state}" + (f": {job.reason.code}" if job.reason else "")] += 1
            expected = int(job.state == State.SUCCEEDED and job.template in MAKES)
            if sorted(made.pop(job.id, [])) != sorted(job.artifacts) or len(job.artifacts) != expected:
                self.problems.append(f"{job.id} ({job.template}) {job.state} has {job.artifacts}")
            self._check_leftovers(queue, job)
        self.problems += [f"{refs} belong to no job" for refs in made.values()]
        self.problems += [f"left in the temporary folder: {path.name}" for path in self._sockets()]
        self.problems += [f"left: {path}" for path in self.home.root.rglob(".*.tmp")]
        for log in self.folder.glob("*.log"):
            self.counts[f"tracebacks in {log.name}"] = log.read_text(errors="replace").count("Traceback (most")

    def _check_registry(self, registry: Registry) -> None:
        report = fsck(self.home, read_data=True)
        self.counts["entries in the log"] = report.entries
        self.problems += [f"fsck: {problem.code} {problem.what}: {problem.message}" for problem in report.problems]
        for check in ("integrity_check", "foreign_key_check"):
            found = registry.database.execute(f"PRAGMA {check}").fetchall()
            if found not in ([], [("ok",)]):
                self.problems.append(f"{check}: {found[:3]}")
        for artifact in registry.list(limit=1_000_000):
            self.counts["artifacts"] += 1
            try:
                registry.verify(artifact.ref)
            except ModelOpsError as error:
                self.problems.append(f"{artifact.ref}: {error.message}")

    def _check_leftovers(self, queue: Queue, job: Any) -> None:
        if left := carriers(job.id):
            self.problems.append(f"{job.id} {job.state} has living processes: {sorted(left)}")
        for attempt in queue.attempts(job.id):
            self.counts["attempts"] += 1
            if attempt.finished is None or (attempt.runner is not None and attempt.runner.alive):
                self.problems.append(f"{job.id}: attempt {attempt.epoch} has not ended")
        journal = job.folder / "events.jsonl"
        if journal.exists():
            for line in journal.read_bytes().splitlines():
                try:
                    json.loads(line)
                except ValueError:  # cut off by a kill or a full disk; readers pass over it
                    self.counts["events cut off"] += 1
        output = job.folder / "output.ipynb"
        if output.exists():
            try:
                nbformat.validate(nbformat.read(output, as_version=4))
            except ValueError as error:
                self.problems.append(f"{job.id}: its notebook is not valid: {error}")

    def close(self, *, keep: bool) -> None:
        """End what is left, and remove the folder unless there is something to look at."""
        for process in self.processes.values():
            process.kill()
        for job in Queue(self.home).list(limit=1_000_000):
            for pid in carriers(job.id):
                send_signal(pid, signal.SIGKILL)
        if not keep:
            if self.disk.startswith("tmpfs"):
                subprocess.run(["umount", "-l", str(self.folder / "disk")], check=False)
            shutil.rmtree(self.folder, ignore_errors=True)


def run(minutes: float, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Run once, and return counts and problems."""
    soak = Soak(Path(tempfile.mkdtemp(prefix="soak-")), seed)
    say(f"{soak.folder}, seed {seed}, disk: {soak.disk}")
    try:
        soak.start()
        writers = [threading.Thread(target=soak.write, args=[number], daemon=True) for number in range(4)]
        harm = threading.Thread(target=soak.harm, daemon=True)
        for thread in (*writers, harm):
            thread.start()
        ends = time.monotonic() + 60 * minutes
        while time.monotonic() < ends:
            time.sleep(min(30, max(0.0, ends - time.monotonic())))
            say(f"{max(0.0, ends - time.monotonic()):.0f} s left, {sum(soak.counts.values())} things done")
        soak.over.set()
        for thread in (*writers, harm):
            thread.join(timeout=60)
            if thread.is_alive():
                soak.problems.append(f"a thread of the test hangs: {thread.name}")
        soak.settle()
        soak.check()
    finally:
        soak.close(keep=bool(soak.problems))
    return {
        "seed": seed,
        "minutes": minutes,
        "disk": soak.disk,
        "counts": dict(sorted(soak.counts.items())),
        "problems": soak.problems,
    }


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    report = run(arguments.minutes, arguments.seed, lambda text: print(text, file=sys.stderr, flush=True))
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        for name, count in report["counts"].items():
            print(f"{count:6}  {name}")
        print("\n".join(report["problems"]) or "Every job ended in the truth.")
    return 1 if report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
