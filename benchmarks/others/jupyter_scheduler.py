"""jupyter-scheduler in an environment of its own: the server with its REST API, started, killed and asked."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

VERSION = "2.12.1"
CACHE = Path(os.environ.get("MODELOPS_BENCHMARK_CACHE", "~/.cache/modelops-benchmarks")).expanduser()
_PACKAGES = (f"jupyter-scheduler=={VERSION}", "jupyterlab>=4.6,<5", "ipykernel")


def environment() -> Path:
    """The folder of the environment's programs; made once per machine."""
    folder = CACHE / f"jupyter-scheduler-{VERSION}"
    ready = folder / ".ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        python = str(folder / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *_PACKAGES], check=True, capture_output=True)
        ready.touch()
    return folder / "bin"


class Server:
    """A Jupyter server with jupyter-scheduler; notebooks are submitted from ``folder``."""

    def __init__(self, folder: Path, variables: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._token = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        state = {name: str(folder / ".jupyter" / name) for name in ("data", "config", "runtime")}
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTHON"))},
            **{f"JUPYTER_{name.upper()}_DIR": path for name, path in state.items()},
            **(variables or {}),
        }
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{self._port}", headers={"Authorization": f"token {self._token}"}, timeout=30
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and return when it answers."""
        self._process = subprocess.Popen(
            [
                environment() / "jupyter-server",
                "--allow-root",
                f"--ServerApp.root_dir={self._folder}",
                "--ServerApp.ip=127.0.0.1",
                f"--ServerApp.port={self._port}",
                f"--IdentityProvider.token={self._token}",
            ],
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                if self._client.get("/scheduler/jobs").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def kill(self, *, group: bool = False) -> None:
        """End the server by SIGKILL; with ``group`` its process group, as a closed terminal or a container does."""
        if self._process is None:
            return
        (os.killpg if group else os.kill)(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def submit(self, notebook: Path) -> str:
        """Create a job; returns its id."""
        body = {
            "name": notebook.stem,
            "input_uri": notebook.name,
            "runtime_environment_name": "default",
            "output_formats": ["ipynb"],
        }
        job: str = self._client.post("/scheduler/jobs", json=body).raise_for_status().json()["job_id"]
        return job

    def job(self, job: str) -> dict[str, Any]:
        """What the server says of a job."""
        answer: dict[str, Any] = self._client.get(f"/scheduler/jobs/{job}").raise_for_status().json()
        return answer

    def stop_job(self, job: str) -> None:
        """Ask for a job to be stopped."""
        self._client.patch(f"/scheduler/jobs/{job}", json={"status": "STOPPED"}).raise_for_status()

    def results(self) -> list[Path]:
        """Executed notebooks that the server keeps."""
        staged = Path(self._environment["JUPYTER_DATA_DIR"]) / "scheduler_staging_area"
        return [path for path in staged.glob("*/*.ipynb") if '"output_type": "stream"' in path.read_text()]
