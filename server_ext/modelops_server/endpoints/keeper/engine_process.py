"""One engine process: how it is started, whether it answers, and how it is ended."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import replace

import httpx

from modelops.files import write_atomic
from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.engines.engine import Engine
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.sockets import key_file, make_socket_folder
from modelops_server.processes import JOB_ID, Identity, die_with_parent, resident_bytes, tree

HEALTH_TIMEOUT = 4.0
"""Seconds that an engine has to say that it is well."""

_GRACE = 2.0
"""Seconds that an engine has to end by itself."""


class EngineProcess:
    """An engine that was started; it dies with the thread that made it."""

    def __init__(self, engine: Engine, assignment: Assignment, place: Place, gpus: str) -> None:
        """Start it, with a socket and a key of its own; ``gpus`` is what ``CUDA_VISIBLE_DEVICES`` becomes."""
        self.folder = make_socket_folder(place)
        self.socket = self.folder / "engine.sock"
        key = secrets.token_urlsafe(32)
        write_atomic(key_file(self.socket), key.encode(), mode=0o600)
        self.assignment = replace(assignment, socket=str(self.socket), key=key)
        launch = engine.launch(self.assignment, place.home)
        inherited = {name: value for name, value in os.environ.items() if name != JOB_ID}
        with place.log.open("ab") as log:
            self._process = subprocess.Popen(
                launch.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - the keeper has one thread
                env={**inherited, **launch.environment, JOB_ID: place.mark, "CUDA_VISIBLE_DEVICES": gpus},
            )
        self.identity = Identity.of(self._process.pid)
        try:
            if self._process.stdin is not None:
                with self._process.stdin as stream:
                    stream.write(launch.input)
        except BrokenPipeError:
            pass  # it has ended already, and its log says why
        self._client = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket)), base_url="http://engine", timeout=HEALTH_TIMEOUT
        )

    @property
    def status(self) -> int | None:
        """What it ended with, as ``subprocess`` has it; ``None`` while it lives."""
        return self._process.poll()

    def healthy(self) -> bool:
        """Whether it says that it is ready, within :data:`HEALTH_TIMEOUT`."""
        try:
            return self._client.get("/health").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def memory(self) -> int:
        """Resident bytes of it and what it started."""
        return resident_bytes({self._process.pid, *tree(self._process.pid)})

    def end(self) -> None:
        """End it: politely first. Its socket is removed."""
        self._client.close()
        if self.status is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def disconnect(self) -> None:
        """Ask it nothing more: what is connected to it now are requests."""
        self._client.close()

    def kill(self) -> None:
        """End it at once: it does not answer."""
        self._process.kill()
        self._process.wait()
        self.end()
