"""Private folders that vanish with the process that uses them, however it ends."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelops.paths import StateHome

_PREFIX = "private-"


class ScratchFolder:
    """A folder only its owner can enter. A lock held while the process lives tells others that it is in use."""

    def __init__(self, home: StateHome) -> None:
        home.scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _exclusively(home.scratch):
            _sweep(home.scratch)
            self._container = home.scratch / f"{_PREFIX}{secrets.token_hex(8)}"
            self._container.mkdir(mode=0o700)
            self._lock = os.open(self._container / "lock", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._owner = os.getpid()
        self.path = self._container / "files"
        self.path.mkdir(mode=0o700)

    def remove(self) -> None:
        """Remove the folder; a forked child, which shares the lock, leaves it to its parent."""
        if self._lock < 0 or os.getpid() != self._owner:
            return
        shutil.rmtree(self._container, ignore_errors=True)
        os.close(self._lock)
        self._lock = -1


def abandoned(home: StateHome) -> list[Path]:
    """The folders of processes that ended without removing them."""
    return [container for container in home.scratch.glob(f"{_PREFIX}*") if not _in_use(container)]


def sweep(home: StateHome) -> None:
    """Remove the folders of processes that ended without doing so."""
    if home.scratch.is_dir():
        with _exclusively(home.scratch):
            _sweep(home.scratch)


def _sweep(scratch: Path) -> None:
    """Remove the folders of processes that ended without doing so."""
    for container in scratch.glob(f"{_PREFIX}*"):
        if not _in_use(container):
            shutil.rmtree(container, ignore_errors=True)


def _in_use(container: Path) -> bool:
    try:
        descriptor = os.open(container / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _exclusively(scratch: Path) -> Iterator[None]:
    # Held from creating a folder to locking it, so that no sweep takes it for abandoned in between.
    descriptor = os.open(scratch / ".sweep", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
