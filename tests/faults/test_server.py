"""F1, F2, F25: servers that are killed, stopped, culled and come back; machines that reboot."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelops.paths import StateHome
from modelops_server.jobs import Queue
from modelops_server.processes import Identity

COUNTING = "import time\nfor n in range({n}):\n    print('line', n, flush=True)\n    time.sleep(0.1)"
COUNTING_UNTIL = """
import itertools, pathlib, time
for n in itertools.count():
    print("line", n, flush=True)
    if pathlib.Path({stop!r}).exists():
        break
    time.sleep(0.1)
"""

PROGRAM = ("-m", "jupyter_server")

IMPATIENT = """
from jupyter_server.serverapp import ServerApp
from tornado.ioloop import PeriodicCallback

class Impatient(ServerApp):
    # Jupyter asks once a minute whether anything has happened.
    def init_shutdown_no_activity(self):
        PeriodicCallback(self.shutdown_no_activity, 100).start()

Impatient.launch_instance()
"""


class Server:
    """A Jupyter server in a process of its own, that runs jobs of one state home."""

    def __init__(self, home: StateHome, folder: Path, *options: str, program: Sequence[str] = PROGRAM) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.home = home
        token = secrets.token_hex(8)
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/modelops/api/v1", headers={"Authorization": f"token {token}"}, timeout=10
        )
        command = [sys.executable, *program, f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
        self.process = subprocess.Popen(
            [
                *(*command, "--no-browser", "--allow-root", f"--IdentityProvider.token={token}"),
                *(f"--ServerApp.root_dir={folder}", "--ServerApp.jpserver_extensions={'modelops_server': True}"),
                *("--ModelOpsApp.standby=0", *options),
            ],
            stdout=subprocess.DEVNULL,
            stderr=(folder / "server.log").open("ab"),
        )

    def wait_until_up(self) -> None:
        """Return when it answers."""

        def answers() -> bool:
            try:
                return self.client.get("/health").status_code == 200
            except httpx.TransportError:
                return False

        wait(answers)

    def submit(self, path: Path) -> str:
        """Submit a notebook, and return the job's id."""
        answer = self.client.post("/jobs", json={"template": str(path)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """What the server says of a job."""
        return dict(self.client.get(f"/jobs/{job_id}").json())

    def follow(self, job_id: str, last: str = "") -> Iterator[tuple[str, str, Any]]:
        """The messages of a job's events, each with its position and kind, until the end or the server's."""
        headers = {"Last-Event-ID": last} if last else {}
        with (
            suppress(httpx.TransportError),
            self.client.stream("GET", f"/jobs/{job_id}/events", headers=headers) as response,
        ):
            fields = {}
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                fields[name] = value
                if not line and "data" in fields:
                    yield fields["id"], fields["event"], json.loads(fields["data"])
                    fields = {}

    def end(self, number: int) -> None:
        """End the server by a signal."""
        self.process.send_signal(number)
        self.process.wait(timeout=40)


def wait(condition: Callable[[], Any], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def start(jobs: Any, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers on one state home; each is up when it is returned."""
    servers: list[Server] = []

    def start_one(*options: str, program: Sequence[str] = PROGRAM) -> Server:
        server = Server(jobs.home, tmp_path, *options, program=program)
        servers.append(server)
        server.wait_until_up()
        return server

    yield start_one
    for server in servers:
        server.process.kill()
        server.process.wait()


def test_f1_a_job_goes_on_when_its_server_is_killed_and_the_next_server_follows_it_again(
    start: Callable[..., Server], jobs: Any, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    first, stop = start(), tmp_path / "stop"
    job_id = first.submit(notebook(COUNTING_UNTIL.format(stop=str(stop))))
    wait(lambda: "line 2" in jobs.log(jobs.queue.get(job_id)))
    runner = jobs.queue.get(job_id).attempt.runner

    first.end(signal.SIGKILL)
    assert runner.alive
    second = start()

    came_back = time.monotonic()
    seen = len(jobs.log(jobs.queue.get(job_id)))
    assert second.job(job_id)["state"] == "running"
    wait(lambda: len(jobs.log(jobs.queue.get(job_id))) > seen, seconds=5)
    assert time.monotonic() - came_back < 5
    stop.touch()
    wait(lambda: second.job(job_id)["state"] == "succeeded")
    job = jobs.queue.get(job_id)
    assert (job.epoch, job.attempt.runner) == (1, runner)
    lines = jobs.log(job).splitlines()
    assert lines == [f"line {n}" for n in range(len(lines))]


def test_f1_a_reader_whom_the_servers_death_cut_off_goes_on_at_the_next_server_exactly_there(
    start: Callable[..., Server], jobs: Any, notebook: Callable[..., Path]
) -> None:
    first = start()
    job_id = first.submit(notebook(COUNTING.format(n=50) + "\n    import modelops; modelops.log_metric(n, loss=1.0)"))
    received = []
    for message in first.follow(job_id):
        received.append(message)
        if sum(kind == "log" for _, kind, _ in received) == 5:
            first.end(signal.SIGKILL)

    received += start().follow(job_id, last=received[-1][0])

    folder = jobs.queue.get(job_id).folder
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [content for _, kind, content in received if kind == "event"] == events
    printed = "".join(content["text"] for _, kind, content in received if kind == "log")
    assert printed == (folder / "log.txt").read_text()
    assert received[-1][1:] == ("end", {"state": "succeeded"})


@pytest.mark.slow
def test_a_server_is_not_culled_while_its_jobs_run_and_is_when_they_have_ended_though_somebody_watches(
    start: Callable[..., Server], jobs: Any, notebook: Callable[..., Path]
) -> None:
    server = start("--ServerApp.shutdown_no_activity_timeout=8", program=("-c", IMPATIENT))
    job_id = server.submit(notebook(COUNTING.format(n=120)))
    began = time.monotonic()

    # Longer than the server may be idle; that it is watched does not count.
    assert [kind for _, kind, _ in server.follow(job_id)][-1] == "end"
    assert time.monotonic() - began > 12

    with suppress(httpx.TransportError):
        for _ in range(300):
            server.client.get("/jobs")
            server.client.get(f"/jobs/{job_id}")
            time.sleep(0.1)
    assert server.process.wait(timeout=5) == 0


def test_f1_a_runner_that_dies_with_its_server_is_found_by_the_next_one(
    start: Callable[..., Server], jobs: Any, notebook: Callable[..., Path]
) -> None:
    first = start()
    job_id = first.submit(notebook("import time\nprint('up', flush=True)\ntime.sleep(600)"))
    wait(lambda: "up" in jobs.log(jobs.queue.get(job_id)))

    first.end(signal.SIGKILL)
    os.kill(jobs.queue.get(job_id).attempt.runner.pid, signal.SIGKILL)
    second = start()

    wait(lambda: second.job(job_id)["state"] == "interrupted", seconds=5)
    assert second.job(job_id)["reason"]["code"] == "runner_died"


def test_f2_jobs_go_on_when_the_server_is_stopped(
    start: Callable[..., Server], jobs: Any, notebook: Callable[..., Path]
) -> None:
    server = start()
    job_id = server.submit(notebook(COUNTING.format(n=40)))
    wait(lambda: "line 2" in jobs.log(jobs.queue.get(job_id)))

    server.end(signal.SIGTERM)

    assert jobs.queue.get(job_id).state == "running"
    assert jobs.ended(jobs.queue.get(job_id)).state == "succeeded"


def test_f2_jobs_end_interrupted_where_the_configuration_says_so(
    start: Callable[..., Server], jobs: Any, notebook: Callable[..., Path]
) -> None:
    server = start("--ModelOpsApp.on_stop=interrupt")
    job_id = server.submit(notebook("import time\nprint('up', flush=True)\ntime.sleep(600)"))
    wait(lambda: "up" in jobs.log(jobs.queue.get(job_id)))

    server.end(signal.SIGTERM)

    job = jobs.queue.get(job_id)
    assert (job.state, job.reason.code) == ("interrupted", "terminated")
    assert not job.attempt.runner.alive


def test_f25_after_a_reboot_a_job_that_can_resume_goes_on_from_its_checkpoint(
    start: Callable[..., Server], jobs: Any, notebook: Callable[..., Path]
) -> None:
    source = (
        "import modelops, time\nfolder = modelops.checkpoint_folder()\nprint(sorted(f.name for f in folder.iterdir()),"
        " flush=True)\nif not list(folder.iterdir()):\n    (folder / 'step-1').touch()\n    time.sleep(600)"
    )
    job = jobs.start(notebook(source, resumable=True))
    # What was printed travels to the log while the cell goes on.
    jobs.until(lambda: (job.folder / "checkpoints" / "step-1").exists() and jobs.log(job) == "[]\n")
    reboot(jobs.queue, job)

    server = start()

    wait(lambda: server.job(job.id)["state"] == "succeeded")
    first, second = server.job(job.id)["attempts"]
    assert (first["outcome"], first["reason"]["code"]) == ("interrupted", "runner_died")
    assert second["outcome"] == "succeeded"
    assert jobs.log(job) == "[]\n['step-1']\n"


def test_f25_after_a_reboot_a_job_that_cannot_resume_is_interrupted(
    start: Callable[..., Server], jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.start(notebook("import time\ntime.sleep(600)"))
    reboot(jobs.queue, job)

    server = start()

    wait(lambda: server.job(job.id)["state"] == "interrupted")
    assert server.job(job.id)["reason"]["code"] == "runner_died"


def reboot(queue: Queue, job: Any) -> None:
    """Leave a job as a power cut does: no process lives, and what is on record is of another boot."""
    os.kill(job.attempt.runner.pid, signal.SIGKILL)
    wait(lambda: Identity.of(job.attempt.runner.pid) is None)
    other = Identity(job.attempt.runner.pid, job.attempt.runner.start_time, "another-boot")
    queue.database.execute("UPDATE attempts SET runner = ? WHERE job = ?", [json.dumps(other.as_json()), job.id])
