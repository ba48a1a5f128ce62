"""Making an environment: a venv on top of the packages of ModelOps, what its lock says, a kernelspec, and a look."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from platform import python_version

from modelops.errors import Conflict, Unavailable
from modelops.files import write_atomic
from modelops.machine.packages import installed, satisfied
from modelops.registry.database import LEAST_SPACE
from modelops.registry.locks import locked
from modelops.units import human_bytes
from modelops_server.environments.definitions import Package, Source
from modelops_server.environments.environment import MARK, Environment, State
from modelops_server.environments.host import link_host, stand_on_host

Progress = Callable[[str], None]


def create(environment: Environment, progress: Progress, *, again: bool = False) -> None:
    """Make the environment and its kernelspec; when anything fails, nothing is left.

    Raises ``Conflict`` where it is there already (``again`` makes it anew), and ``Unavailable`` with code
    ``host_packages_missing``, ``build_tools_missing``, ``disk_full``, ``environment_failed`` or ``environment_busy``.
    """
    with _alone(environment):
        if environment.state is State.READY and not again:
            raise Conflict(
                "environment_exists", f"The environment {environment.name!r} is there.", "Make it anew with --again."
            )
        _check(environment)
        _clear(environment)
        try:
            _build(environment, progress)
            progress("Looking whether everything can be imported")
            if problems := environment.problems():
                raise Unavailable(
                    "environment_failed",
                    f"The environment {environment.name!r} was made, but does not work: {'; '.join(problems[:3])}.",
                    "Look at what the message names; another version of it may be in the way.",
                    problems=problems,
                )
            _register(environment)
            digest, created = environment.definition.sha256, datetime.now(UTC).isoformat()
            mark = {"name": environment.name, "lock_sha256": digest, "created": created}
            write_atomic(environment.folder / MARK, json.dumps(mark, indent=2).encode())
        except BaseException:
            _clear(environment)
            raise


def remove(environment: Environment) -> int:
    """Remove the environment and its kernelspec; returns the bytes that are free now."""
    with _alone(environment):
        size = environment.size() or 0
        _clear(environment)
    return size


def _check(environment: Environment) -> None:
    """What can be known to fail before anything is downloaded."""
    lock, definition = environment.definition.lock, environment.definition
    if not definition.python.contains(python_version(), prereleases=True):
        raise Unavailable(
            "python_not_supported",
            f"The environment {definition.name!r} is for Python {definition.python}; this is {python_version()}.",
            "Install ModelOps into such a Python.",
        )
    if wanting := [str(need) for need in definition.host if not satisfied(need, installed(need.name))]:
        raise Unavailable(
            "host_packages_missing",
            f"The environment {definition.name!r} stands on packages that are not here: {', '.join(wanting)}.",
            f"Install them where ModelOps is: {sys.executable} -m pip install "
            + " ".join(f"'{need}'" for need in wanting),
            missing=wanting,
        )
    if wanting := [tool for tool in lock.tools if shutil.which(tool) is None]:
        raise Unavailable(
            "build_tools_missing",
            f"The environment {definition.name!r} is compiled here, and {' and '.join(wanting)} is not installed.",
            "Install a C++ compiler, on Debian: apt install g++ make",
            missing=wanting,
        )
    free, needed = environment.home.free_bytes(), definition.download + lock.disk
    if free - needed < LEAST_SPACE:
        raise Unavailable(
            "disk_full",
            f"The environment {definition.name!r} takes {human_bytes(needed)} while it is made; "
            f"{human_bytes(free)} are free.",
            "Free some space, or set MODELOPS_HOME to a folder on another disk.",
        )


def _build(environment: Environment, progress: Progress) -> None:
    progress("Making a virtual environment")
    venv.create(environment.folder, symlinks=True, with_pip=False)
    lock = environment.definition.lock
    with tempfile.TemporaryDirectory(dir=environment.folder) as name:
        scratch = Path(name)
        for source in lock.source:
            _keep(source, environment.share, scratch, progress)
        for package in lock.package:
            _install(package, environment, scratch, progress)
    # Last: pip must not take what is installed there for its own.
    if lock.isolated:
        link_host(environment)
    else:
        stand_on_host(environment)


def _install(package: Package, environment: Environment, scratch: Path, progress: Progress) -> None:
    verb = "Compiling" if package.build else "Installing"
    step = f"{verb} {package.name} {package.version}"
    progress(step)
    kind = f"--no-binary={package.name}" if package.build else "--only-binary=:all:"
    requirements = str(_requirements(package, scratch))
    _pip("install", kind, "--requirement", requirements, step=step, python=environment.python)


def _keep(source: Source, share: Path, scratch: Path, progress: Progress) -> None:
    step = f"Downloading {source.name} {source.version}"
    progress(step)
    place = scratch / "source"
    place.mkdir()
    requirements = str(_requirements(source, scratch))
    _pip("download", f"--no-binary={source.name}", "--dest", str(place), "--requirement", requirements, step=step)
    (archive,) = place.iterdir()
    with tarfile.open(archive) as members:
        for member in members:
            path = PurePosixPath(*PurePosixPath(member.name).parts[1:])
            if member.isfile() and any(fnmatchcase(str(path), pattern) for pattern in source.keep):
                member.name = str(path.relative_to(source.strip))
                members.extract(member, share, filter="data")
    shutil.rmtree(place)


def _requirements(package: Package, scratch: Path) -> Path:
    path = scratch / "requirements.txt"
    path.write_text(package.requirement + "\n")
    return path


def _pip(command: str, *arguments: str, step: str, python: Path | None = None) -> None:
    """Run pip's ``command``, for another Python than this one where it is given; every file must have a locked hash."""
    place = ("--python", str(python)) if python else ()
    options = ("--disable-pip-version-check", "--no-input", "--quiet", "--require-hashes", "--no-deps")
    done = subprocess.run(
        [sys.executable, "-m", "pip", *place, command, *options, *arguments],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PIP_CONSTRAINT": os.devnull},  # constraints have no hashes
    )
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower()] or lines or ["pip gave no reason"]
        raise Unavailable(
            "environment_failed",
            f"{step} failed: {errors[-1].strip()[:300]}",
            "Check the network and pip's index settings (pip config list), and try again.",
            output=lines[-20:],
        )


def _register(environment: Environment) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    spec = {
        "argv": [str(environment.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": f"ModelOps: {environment.definition.lock.title}",
        "language": "python",
        "metadata": {"debugger": True, "modelops": {"environment": environment.name}},
    }
    with tempfile.TemporaryDirectory(dir=environment.folder) as name:
        (Path(name) / "kernel.json").write_text(json.dumps(spec, indent=2))
        KernelSpecManager().install_kernel_spec(name, environment.definition.kernel, user=True)


def _clear(environment: Environment) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    # Another state home's kernelspec of that name stays.
    if environment.kernelspec_python() == environment.python:
        KernelSpecManager().remove_kernel_spec(environment.definition.kernel)
    if environment.folder.exists():
        shutil.rmtree(environment.folder)


@contextmanager
def _alone(environment: Environment) -> Iterator[None]:
    path = environment.folder.parent / f".{environment.name}.lock"
    with ExitStack() as held:
        try:
            held.enter_context(locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise Unavailable(
                "environment_busy",
                f"The environment {environment.name!r} is being made or removed.",
                "Wait for its end.",
            ) from error
        yield
