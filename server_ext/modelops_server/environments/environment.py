"""An environment on this machine: whether it is there, whole, and what its lock says."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from modelops.errors import Unavailable
from modelops.paths import StateHome
from modelops.units import human_bytes
from modelops_server.environments.definitions import Definition, definition, definitions

MARK = "environment.json"
"""Written when everything else is there: a folder without it was left by a creation that was cut off."""

_PROBE = """
import importlib, importlib.metadata as metadata, json, sys
wanted, imports = json.loads(sys.argv[1])
problems = []
for name, version in wanted:
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        found = None
    if found != version:
        problems.append(f"{name} is {found or 'missing'}, not {version}")
for name in imports:
    try:
        importlib.import_module(name)
    except BaseException as error:
        problems.append(f"import {name}: {type(error).__name__}: {error}"[:300])
print("\\n" + json.dumps(problems))
"""


class State(StrEnum):
    """How far an environment can be used."""

    ABSENT = "absent"
    READY = "ready"
    OUTDATED = "outdated"
    """Made from another lock file than today's."""
    BROKEN = "broken"
    """A creation was cut off, or its kernelspec is gone."""


@dataclass(frozen=True)
class Environment:
    """An environment that can be made, or was."""

    home: StateHome
    definition: Definition

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def folder(self) -> Path:
        return self.home.environments / self.name

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """The folder that its own packages are installed in."""
        values = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", "venv", vars=values))

    @property
    def share(self) -> Path:
        """Files of source distributions, as they were published."""
        return self.folder / "share"

    @property
    def state(self) -> State:
        """Whether it can be used, without starting it."""
        mark = self.mark()
        if mark is None:
            return State.BROKEN if self.folder.exists() else State.ABSENT
        if self.kernelspec_python() != self.python:
            return State.BROKEN
        return State.READY if mark["lock_sha256"] == self.definition.sha256 else State.OUTDATED

    def mark(self) -> dict[str, Any] | None:
        """What was noted when it was made; ``None`` where that did not come to an end."""
        try:
            document: dict[str, Any] = json.loads((self.folder / MARK).read_bytes())
        except (OSError, ValueError):
            return None
        return document

    def kernelspec_python(self) -> Path | None:
        """The Python that the kernelspec of its name starts; another state home may have registered its own."""
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

        try:
            spec = KernelSpecManager().get_kernel_spec(self.definition.kernel)
        except NoSuchKernel:
            return None
        return Path(spec.argv[0]) if spec.argv else None

    def size(self) -> int | None:
        """Bytes on disk; ``None`` where it is not there."""
        if not self.folder.exists():
            return None
        return sum(path.lstat().st_size for path in self.folder.rglob("*") if not path.is_dir())

    def problems(self) -> list[str]:
        """What is wrong with a finished one: packages of another version, modules that cannot be imported."""
        lock = self.definition.lock
        wanted = [(package.name, package.version) for package in lock.package]
        answer = subprocess.run(
            [self.python, "-P", "-c", _PROBE, json.dumps([wanted, lock.imports])],
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONNOUSERSITE": "1"},
        )
        try:
            found: list[str] = json.loads(answer.stdout.strip().rpartition("\n")[2])
        except ValueError:
            last = (answer.stderr.strip().splitlines() or ["it gave no reason"])[-1]
            return [f"its Python does not work: {last[:300]}"]
        kept = [pattern.removeprefix(source.strip).lstrip("/") for source in lock.source for pattern in source.keep]
        return [*found, *(f"no file share/{pattern}" for pattern in kept if not any(self.share.glob(pattern)))]

    def require(self) -> None:
        """Raise ``Unavailable`` with the command that helps unless it can be used."""
        state = self.state
        if state is State.READY:
            return
        said = {
            State.ABSENT: "is not there",
            State.OUTDATED: "was made from an older lock file",
            State.BROKEN: "is not whole",
        }
        raise Unavailable(
            "environment_missing",
            f"The environment {self.name!r} ({self.definition.lock.title}) {said[state]}.",
            f"{self.cost()}: modelops env create {self.name}",
            environment=self.name,
        )

    def cost(self) -> str:
        """What making it takes, in words."""
        lock, download = self.definition.lock, human_bytes(self.definition.download)
        time = f"about {lock.minutes:.0f} min" if lock.minutes >= 1 else "under a minute"
        return f"Create it ({download} to download, {human_bytes(lock.disk)} on disk, {time})"

    def as_json(self) -> dict[str, Any]:
        """The environment as JSON."""
        lock, mark = self.definition.lock, self.mark()
        return {
            "name": self.name,
            "title": lock.title,
            "summary": lock.summary,
            "state": self.state.value,
            "kernel": self.definition.kernel,
            "lock_sha256": self.definition.sha256,
            "download": self.definition.download,
            "disk": lock.disk,
            "minutes": lock.minutes,
            "packages": {package.name: package.version for package in (*lock.package, *lock.source)},
            "provides": list(lock.provides),
            "created": mark["created"] if mark else None,
            "size": self.size(),
        }


def made_from(python: str | Path) -> tuple[str, str] | None:
    """Name and lock digest (SHA-256) of the environment that a Python belongs to; ``None`` where it is of none."""
    try:
        mark = json.loads((Path(python).parent.parent / MARK).read_bytes())
        return str(mark["name"]), str(mark["lock_sha256"])
    except (OSError, ValueError, KeyError):
        return None


def environments(home: StateHome) -> list[Environment]:
    """Every environment that can be made here, by name."""
    return [Environment(home, found) for found in definitions(home).values()]


def environment(home: StateHome, name: str) -> Environment:
    """The environment called ``name``, there or not; raises ``NotFound``."""
    return Environment(home, definition(home, name))


def usable(home: StateHome, name: str) -> Environment:
    """The environment called ``name``, or one that has all that it has; raises ``Unavailable`` where there is none."""
    wanted = environment(home, name)
    others = [found for found in environments(home) if name in found.definition.lock.provides]
    for found in (*others, wanted):
        if found.state is State.READY:
            return found
    wanted.require()
    return wanted
