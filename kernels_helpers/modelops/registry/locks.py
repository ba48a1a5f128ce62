"""Locks between processes: on the log's files, and between storing what no row names yet and collecting such things."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelops.errors import Unavailable
from modelops.paths import StateHome

PATIENCE = 30.0
"""Seconds that :func:`collecting` waits for those who are storing."""


@contextmanager
def locked(path: Path, how: int) -> Iterator[None]:
    """Hold a file's advisory lock (``LOCK_SH`` or ``LOCK_EX``), making folder and file where they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def storing(home: StateHome) -> Iterator[None]:
    """Hold from the first blob to the end of the transaction that names it; any number of processes at once.

    Not to be entered twice in one process: the second would wait for a collector that waits for the first.
    """
    with locked(_gate(home), fcntl.LOCK_SH):
        descriptor = _open(_lease(home))
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def collecting(home: StateHome) -> Iterator[None]:
    """Hold to remove what no row names: alone, after those who are storing, while new ones wait at the gate.

    Raises ``Unavailable`` with code ``registry_busy`` when one of them takes longer than ``PATIENCE``.
    """
    with locked(_gate(home), fcntl.LOCK_EX):
        descriptor = _open(_lease(home))
        try:
            _lock_patiently(descriptor)
            yield
        finally:
            os.close(descriptor)


def _lock_patiently(descriptor: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
            if time.monotonic() > deadline:
                raise Unavailable(
                    "registry_busy",
                    "Something large is being registered just now; nothing was removed.",
                    "Try again when it is done.",
                ) from error
            time.sleep(0.02)
        else:
            return


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _gate(home: StateHome) -> Path:
    return home.root / ".storing.gate"


def _lease(home: StateHome) -> Path:
    return home.root / ".storing"
