"""A standby runner: the slow part of a job's start done before the job is there. It is used once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from modelops.errors import ModelOpsError
from modelops.files import write_atomic
from modelops.paths import StateHome
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.running.environment import list_environment
from modelops_server.jobs.running.kernels import Kernel, find_kernel, kernel_defaults, kernel_python
from modelops_server.jobs.spec import RUNNER_LOG
from modelops_server.processes import Identity, become_subreaper

# What an attempt imports in any case.
_IMPORTS = (
    "modelops_server.jobs.running.engine",
    "modelops_server.jobs.running.execution",
    "modelops_server.jobs.running.finishing",
    "modelops_server.jobs.running.recording",
    "papermill.parameterize",
)

_PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"

_PRELOAD = """
def _preload(names):
    import contextlib, importlib
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
_preload({names!r})
del _preload
"""


class Warm:
    """A kernel that has started and has imported what a template requires."""

    def __init__(self, name: str, kernel: Kernel, packages: Path | None, environment: bytes) -> None:
        """``packages`` is the folder that the kernel's Python imports from, ``environment`` the list of them."""
        self._name = name
        self.kernel = kernel
        self._packages = packages
        self._stamp = _stamp(packages)
        self.environment = environment

    def fits(self, name: str) -> bool:
        """Whether it will do for a job that wants the kernel ``name``; it is closed if not.

        One that is dead, or older than the packages that are installed now, will not.
        """
        fits = name == self._name and self.kernel.exit_status() is None and _stamp(self._packages) == self._stamp
        if not fits:
            self.close()
        return fits

    def close(self) -> None:
        """End the kernel."""
        from jupyter_core.utils import run_sync

        run_sync(self.kernel.shutdown)(gracefully=False)


@dataclass(frozen=True)
class Order:
    """What a standby runner is given: an attempt, to be run with what it has prepared."""

    folder: Path
    epoch: int
    warm: Warm


@dataclass(frozen=True)
class Place:
    """Where a standby runner leaves its traces until it belongs to a job."""

    home: StateHome
    token: str
    """A name of its own."""

    @property
    def ready(self) -> Path:
        """The file that is there while it waits; it holds the runner's identity."""
        return self.home.root / "standby" / f"{self.token}.json"

    @property
    def log(self) -> Path:
        """What it and its kernel write to their streams."""
        return self.home.root / "standby" / f"{self.token}.log"

    def remove(self) -> None:
        """Remove both."""
        self.ready.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)


def ready_count(home: StateHome) -> int:
    """How many standby runners of a state home are ready."""
    found = (_identity(path) for path in (home.root / "standby").glob("*.json"))
    return sum(identity is not None and identity.alive for identity in found)


def socket_label(identity: Identity) -> str:
    """What the socket folder of a standby runner's kernel is named after."""
    return f"standby-{identity.pid}-{identity.start_time}"


def sweep(home: StateHome) -> None:
    """Remove what killed standby runners left behind."""
    for path in (home.root / "standby").glob("*.json"):
        identity = _identity(path)
        if identity is None or not identity.alive:
            Place(home, path.stem).remove()
    for folder in Path(tempfile.gettempdir()).glob("modelops-standby-*-*-*"):
        pid, start_time = folder.name.split("-")[2:4]
        living = Identity.of(int(pid)) if pid.isdigit() else None
        if living is None or str(living.start_time) != start_time:
            shutil.rmtree(folder, ignore_errors=True)


def stand_by(home: StateHome, token: str, kernel_name: str, *packages: str) -> Order | None:
    """Prepare, wait for a line on standard input, and return what it orders: a job's folder and an epoch, as JSON.

    ``None`` when there is nothing to wait with, or nobody to wait for: end of file means that who would order is gone.
    """
    become_subreaper()
    place, me = Place(home, token), Identity.mine()
    for name in _IMPORTS:
        import_module(name)
    Queue(home).close()  # what it imports is a good part of an attempt's start; the connection is that of its time
    try:
        warm = _warm_up(kernel_name, packages, socket_label(me))
    except ModelOpsError as error:
        sys.stderr.write(f"{error.message}\n")
        return None
    write_atomic(place.ready, json.dumps(me.as_json()).encode())
    try:
        line = sys.stdin.readline()
    finally:
        place.ready.unlink(missing_ok=True)
    if not line:
        warm.close()
        place.remove()
        return None
    folder, epoch = json.loads(line)
    target = Path(folder) / RUNNER_LOG
    if target.exists():
        target.rename(target.with_name(f"earlier-{RUNNER_LOG}"))
    place.log.rename(target)  # what is still written to it goes on there
    return Order(Path(folder), epoch, warm)


def _warm_up(name: str, packages: tuple[str, ...], label: str) -> Warm:
    from jupyter_core.utils import run_sync

    spec = find_kernel(name)
    kernel = Kernel(name, kernel_defaults(), Path.home(), bound=True, label=label)
    run_sync(kernel.start)(60.0)
    if spec.language.lower() == "python" and packages:
        run_sync(kernel.run_silently)(_PRELOAD.format(names=list(packages)), 120.0)
        run_sync(kernel.freeze)()
    return Warm(name, kernel, _packages_of(kernel_python(spec)), list_environment(name))


def _packages_of(python: str | None) -> Path | None:
    if python is None:
        return None
    answer = subprocess.run([python, "-c", _PACKAGES], capture_output=True, text=True, timeout=60, check=False)
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None


def _stamp(packages: Path | None) -> int:
    """When something was last installed or removed: what was imported before that is not what is there now."""
    return packages.stat().st_mtime_ns if packages is not None and packages.exists() else 0


def _identity(path: Path) -> Identity | None:
    try:
        return Identity(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None  # just taken
