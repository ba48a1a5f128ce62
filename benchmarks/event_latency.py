"""How long it takes from ``modelops.log_metric`` in a job's kernel to a reader of its events, and what watching costs.

A real Jupyter server runs a real job whose notebook reports a metric every 50 ms, stamped with its time; a process of
its own reads the job's server-sent events, as a browser would, and takes the time when each arrives. The same again
while 100 jobs that write ten events a second each are watched as well. Meanwhile the server is asked how it is
(``GET health``), alternately with and without the 100 watchers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

import httpx
import psutil
from nbformat import v4

from modelops.paths import StateHome
from modelops.templates import load_template
from modelops_server.jobs import Queue, State, submit
from modelops_server.jobs.ending import cancel
from modelops_server.jobs.journal import Journal
from modelops_server.processes import Identity

LATENCY = 0.25
"""Seconds from the kernel to the reader, 95th percentile."""
SLOWDOWN = 0.01
"""Seconds that ``GET health`` may take longer while 100 jobs are watched, median."""
CORES = 0.25
"""Share of one core that the server takes while 100 jobs are watched, of which each reports ten events a second."""
REPLAY = 2.0
"""Seconds in which 10,000 metrics arrive at a new reader."""

WATCHED = 100
_SECONDS = 4.0
"""How long each job reports."""
_EVERY = 0.05
_REPLAYED = 10_000
_PATIENCE = 120.0

REPORTING = """
import time, modelops
ends = time.monotonic() + {seconds}
step = 0
while time.monotonic() < ends:
    modelops.log_metric(step, loss=1 / (step + 1), sent=time.time())
    step += 1
    time.sleep({every})
"""


class Server:
    """A Jupyter server with the extension, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{port}/modelops/api/v1"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--ServerApp.port={port}"),
                *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={folder}"),
                *("--ServerApp.jpserver_extensions={'modelops_server': True}", "--ModelOpsApp.standby=1"),
            ],
            env={**os.environ, "MODELOPS_HOME": str(folder / "home")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.client = httpx.Client(base_url=self.url, headers=self.headers, timeout=_PATIENCE)
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError("the server does not answer")
            time.sleep(0.1)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"}

    def run(self, notebook: Path) -> str:
        """Submit a notebook; the id of its job."""
        answer = self.client.post("/jobs", json={"template": str(notebook)})
        answer.raise_for_status()
        return str(answer.json()["id"])

    def work(self) -> float:
        """Seconds of processor time that the server has taken, without its jobs."""
        times = psutil.Process(self._process.pid).cpu_times()
        return times.user + times.system

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=60)

    def _answers(self) -> bool:
        try:
            return self.client.get("/health").status_code == 200
        except httpx.TransportError:
            return False


class Crowd:
    """Jobs that report ten events a second each, and, while they are watched, as many readers of their events.

    In a process of its own, which is also the runner of those jobs: who measures must not be disturbed by it.
    """

    def __init__(self, home: StateHome, notebook: Path) -> None:
        self._home = home
        with closing(Queue(home)) as queue:
            self.ids = [
                submit(home, load_template(notebook), {}, resources={"cpus": 0.001, "gpus": 0}, queue=queue).id
                for _ in range(WATCHED)
            ]
        context = multiprocessing.get_context("spawn")
        self._watch, self._stop, self._ready = context.Event(), context.Event(), context.Event()
        self._url: Any = context.Array("c", 200)
        self._process = context.Process(
            target=_crowd, args=(home.root, self.ids, self._url, self._watch, self._stop, self._ready), daemon=True
        )
        self._process.start()
        self._ready.wait(_PATIENCE)

    @contextmanager
    def watched(self, server: Server) -> Iterator[None]:
        """Every job has a reader while the context lasts."""
        self._url.value = f"{server.url}?token={server.token}".encode()
        self._ready.clear()
        self._watch.set()
        if not self._ready.wait(_PATIENCE):
            raise RuntimeError("not every job is watched")
        try:
            yield
        finally:
            self._watch.clear()

    def close(self) -> None:
        self._stop.set()
        self._process.join(timeout=_PATIENCE)


def _crowd(root: Path, ids: list[str], url: Any, watch: Any, stop: Any, ready: Any) -> None:
    queue, journals = Queue(StateHome(root)), []
    for job_id in ids:
        claimed = queue.claim(Identity.mine(), only=job_id)
        if claimed is None or not queue.adopt(job_id, claimed.epoch, Identity.mine()):
            raise RuntimeError("somebody else runs the job")
        queue.move(job_id, claimed.epoch, State.STARTING, State.RUNNING)
        journals.append(Journal(claimed.folder))
    ready.set()
    asyncio.run(_report_and_watch(ids, journals, url, watch, stop, ready))
    for job_id in ids:
        queue.move(job_id, 1, State.RUNNING, State.FAILED)


async def _report_and_watch(
    ids: list[str], journals: list[Journal], url: Any, watch: Any, stop: Any, ready: Any
) -> None:
    watchers: list[asyncio.StreamWriter] = []
    step = 0
    while not stop.is_set():
        for journal in journals:
            journal.event("metric", step=step, values={"loss": 1 / (step + 1)})
        step += 1
        if watch.is_set() and not watchers:
            watchers = list(await asyncio.gather(*(_watch(urlsplit(url.value.decode()), job_id) for job_id in ids)))
            ready.set()
        elif watchers and not watch.is_set():
            for writer in watchers:
                writer.close()
            watchers = []
        await asyncio.sleep(0.1)


async def _watch(url: SplitResult, job_id: str) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"GET {url.path}/jobs/{job_id}/events?{url.query} HTTP/1.0\r\n\r\n".encode())
    await reader.readuntil(b"event: event")

    async def read() -> None:
        while await reader.read(1 << 16):
            continue

    _reading.add(task := asyncio.ensure_future(read()))
    task.add_done_callback(_reading.discard)
    return writer


_reading: set[asyncio.Future[None]] = set()


def follow(server: Server, job_id: str) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """The messages of a job's events, each with the time at which it arrived."""
    with server.client.stream("GET", f"/jobs/{job_id}/events") as response:
        kind = ""
        for line in response.iter_lines():
            arrived = time.time()
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                yield arrived, kind, json.loads(value)


def latencies(server: Server, notebook: Path) -> list[float]:
    """Seconds from the kernel to here, of every metric of a job."""
    found = []
    for arrived, kind, content in follow(server, server.run(notebook)):
        if kind == "event" and content["type"] == "metric":
            found.append(arrived - content["values"]["sent"])
        elif kind == "end" and content["state"] != "succeeded":
            raise RuntimeError(f"the job ended {content['state']}")
    return found


class Pulse(threading.Thread):
    """Asks the server again and again how it is, and keeps how long each answer took."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._client = httpx.Client(base_url=server.url, headers=server.headers, timeout=_PATIENCE)
        self._done = threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        while not self._done.wait(_EVERY):
            begun = time.perf_counter()
            self._client.get("/health").raise_for_status()
            self.seconds.append(time.perf_counter() - begun)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()


def replay(server: Server, job_id: str) -> float:
    """Seconds in which 10,000 metrics of an ended job arrive."""
    begun = time.perf_counter()
    count = sum(kind == "event" and content["type"] == "metric" for _, kind, content in follow(server, job_id))
    if count != _REPLAYED:
        raise RuntimeError(f"{count} metrics arrived")
    return time.perf_counter() - begun


def measure(runs: int) -> dict[str, Any]:
    """Percentiles of each figure, with the targets."""
    times: dict[str, list[float]] = {}
    cores: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary, ExitStack() as stack:
        folder = Path(temporary)
        home = StateHome(folder / "home")
        notebook = _notebook(folder / "reporting.ipynb", REPORTING.format(seconds=_SECONDS, every=_EVERY))
        crowd = Crowd(home, _notebook(folder / "trivial.ipynb", "1"))
        stack.callback(crowd.close)
        long = _long_job(home, folder / "trivial.ipynb")
        server = Server(folder)
        stack.callback(server.close)
        latencies(server, notebook)  # the first one reads files from the disk and writes bytecode
        for _ in range(runs):
            for name, context in (("alone", nullcontext()), (f"{WATCHED} watched", crowd.watched(server))):
                with context, Pulse(server) as pulse:
                    begun, work = time.perf_counter(), server.work()
                    times.setdefault(f"event, {name}", []).extend(latencies(server, notebook))
                    share = (server.work() - work) / (time.perf_counter() - begun)
                cores.setdefault(f"server, {name}", []).append(share)
                times.setdefault(f"health, {name}", []).extend(pulse.seconds)
            times.setdefault(f"replay of {_REPLAYED:,} metrics", []).append(replay(server, long))
    seconds = {name: _percentiles(values) for name, values in times.items()}
    return {
        "runs": runs,
        "seconds": seconds,
        "cores": {name: round(statistics.median(shares), 3) for name, shares in cores.items()},
        "targets": _targets(seconds, statistics.median(cores[f"server, {WATCHED} watched"])),
    }


def _percentiles(values: list[float]) -> dict[str, float]:
    if len(values) < 20:
        return {"n": len(values), "p50": round(statistics.median(values), 4)}
    cuts = statistics.quantiles(values, n=100)
    return {"n": len(values), **{f"p{share}": round(cuts[share - 1], 4) for share in (50, 95, 99)}}


def _targets(seconds: dict[str, dict[str, float]], share: float) -> dict[str, dict[str, Any]]:
    without, watched = (seconds[f"health, {name}"]["p50"] for name in ("alone", f"{WATCHED} watched"))
    found = {
        "event_p95_seconds": (seconds["event, alone"]["p95"], LATENCY),
        "event_p95_seconds_with_100_watched": (seconds[f"event, {WATCHED} watched"]["p95"], LATENCY),
        "health_slowdown_seconds_with_100_watched": (round(watched - without, 4), SLOWDOWN),
        "server_cores_with_100_watched": (round(share, 3), CORES),
        "replay_seconds": (seconds[f"replay of {_REPLAYED:,} metrics"]["p50"], REPLAY),
    }
    return {
        name: {"value": value, "target": f"<= {target}", "met": value <= target}
        for name, (value, target) in found.items()
    }


def _long_job(home: StateHome, notebook: Path) -> str:
    """An ended job with 10,000 metrics."""
    with closing(Queue(home)) as queue:
        job = submit(home, load_template(notebook), {}, queue=queue)
        with Journal(job.folder) as journal:
            for step in range(_REPLAYED):
                journal.event("metric", step=step, values={"loss": 1 / (step + 1), "learning_rate": 1e-4})
        cancel(queue, job.id)
    return job.id


def _notebook(path: Path, source: str) -> Path:
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source)], metadata={"kernelspec": kernelspec})
    path.write_text(v4.writes(notebook))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--runs", type=int, default=10, help="jobs of each side (default 10)")
    options = parser.parse_args()
    figures = measure(options.runs)
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, values in figures["seconds"].items():
        print(f"{name:<26}" + "".join(f" {part} {value:<8}" for part, value in values.items()))
    for name, share in figures["cores"].items():
        print(f"{name:<26} {share} of a core")
    for name, target in figures["targets"].items():
        print(f"{name}: {target['value']} {target['target']} {'met' if target['met'] else 'missed'}")


if __name__ == "__main__":
    main()
