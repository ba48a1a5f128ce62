"""Standby runners kept ready for the next jobs: started in the background, used once, given up when memory is short."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

from modelops.machine.hardware import memory_bytes
from modelops.paths import StateHome
from modelops_server.jobs.records import Job
from modelops_server.jobs.running.kernels import remove_sockets
from modelops_server.jobs.running.standby import Place, socket_label, sweep
from modelops_server.jobs.spec import JobSpec
from modelops_server.processes import Identity, send_signal

SPARE_MEMORY = 0.15
"""The share of the machine's memory below which standby runners are given up, and none is started."""

_LOOK = 2.0
"""Seconds between two looks at memory and runners."""
_SWEEP = 10.0
"""Seconds between two looks for what killed runners left behind."""
_BREATH = 0.3
"""Seconds that a job has the processor for its start before its runner is replaced."""
_PATIENCE = 3
"""How many in a row may fail to come up before no more are started for their kind."""


@dataclass(frozen=True)
class Kind:
    """What a standby runner has prepared: a kernel, and the packages that a template requires."""

    kernel: str = "python3"
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standby:
    """A runner that waits for its job, or is about to."""

    kind: Kind
    place: Place
    process: subprocess.Popen[bytes]
    identity: Identity | None
    """``None`` if it ended as soon as it began."""

    @classmethod
    def start(cls, home: StateHome, kind: Kind) -> Standby:
        """Start one; it is ready some seconds later."""
        place = Place(home, secrets.token_hex(4))
        place.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = [
            sys.executable,
            "-m",
            "modelops_server.jobs.running.runner",
            "--standby",
            str(home.root),
            place.token,
        ]
        with place.log.open("ab") as log:
            process = subprocess.Popen(
                [*command, kind.kernel, *kind.packages],
                env={**os.environ, "MODELOPS_HOME": str(home.root)},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return cls(kind, place, process, Identity.of(process.pid))

    @property
    def ready(self) -> bool:
        """Whether it waits for a job, and would hear of one."""
        return self.identity is not None and not self.identity.stopped and self.place.ready.exists()

    @property
    def ended(self) -> bool:
        """Whether its process is gone."""
        return self.process.poll() is not None

    def order(self, job: Job) -> bool:
        """Give it ``job``'s present attempt; false when it is gone."""
        try:
            self._close_input(json.dumps([str(job.folder), job.epoch]).encode() + b"\n")
        except OSError:
            return False
        return not self.ended

    def give_up(self) -> None:
        """End it, with its kernel."""
        if self.ready:
            with suppress(OSError):
                self._close_input()
        else:  # busy with its preparations, it would not hear
            send_signal(self.process.pid, signal.SIGKILL)
            self.remove_traces()

    def remove_traces(self) -> None:
        """Remove what it leaves when it is killed."""
        with suppress(OSError):
            self._close_input()
        self.place.remove()
        if self.identity is not None:
            remove_sockets(socket_label(self.identity))

    def _close_input(self, last_words: bytes = b"") -> None:
        if self.process.stdin is not None:
            with self.process.stdin as stream:
                stream.write(last_words)


class StandbyPool:
    """Keeps ``size`` runners ready for jobs like the last one."""

    def __init__(self, home: StateHome, size: int) -> None:
        self._home = home
        self._size = size
        self._kind = Kind()
        self._waiting: list[Standby] = []
        self._leaving: list[Standby] = []
        self._next_look = 0.0
        self._failures = 0
        self._next_sweep = 0.0

    def expect(self, spec: JobSpec) -> None:
        """Prepare for jobs like this one from now on."""
        kind = Kind(spec.kernel, spec.requires)
        if kind != self._kind:
            self._kind, self._failures = kind, 0

    def give(self, job: Job, spec: JobSpec) -> Identity | None:
        """Give ``job``'s present attempt to a runner that is ready for its kernel; ``None`` when there is none."""
        for standby in [one for one in self._waiting if one.kind.kernel == spec.kernel and one.ready]:
            self._waiting.remove(standby)
            self._leaving.append(standby)
            if standby.order(job):
                self._next_look = time.monotonic() + _BREATH
                return standby.identity
        return None

    def maintain(self) -> None:
        """Collect what has ended, give up what does not fit any more, and start what is missing."""
        self._leaving = [standby for standby in self._leaving if not standby.ended]
        if not self._size or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK
        if time.monotonic() >= self._next_sweep:
            # A keeper that was killed cannot clean up after runners that were killed as well.
            self._next_sweep = time.monotonic() + _SWEEP
            sweep(self._home)
        for standby in list(self._waiting):
            if standby.ended:
                self._waiting.remove(standby)
                standby.remove_traces()
                self._failures += 1
            elif standby.ready:
                self._failures = 0
                if standby.kind != self._kind:
                    self._give_up(standby)
        total, available = memory_bytes()
        wanted = self._size if available > SPARE_MEMORY * total and self._failures < _PATIENCE else 0
        while len(self._waiting) > wanted:
            self._give_up(self._waiting[-1])
        while len(self._waiting) < wanted:
            self._waiting.append(Standby.start(self._home, self._kind))

    def close(self) -> None:
        """End those that wait."""
        self._size = 0
        for standby in list(self._waiting):
            self._give_up(standby)

    def _give_up(self, standby: Standby) -> None:
        self._waiting.remove(standby)
        self._leaving.append(standby)
        standby.give_up()
