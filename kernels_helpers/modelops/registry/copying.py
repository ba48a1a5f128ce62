"""Copying and hashing at once: what is hashed is what the copy holds, and neither waits for the other."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, BinaryIO, TypeVar

from modelops.files import CHUNK

Digest = tuple[str, int]
"""The SHA-256 in hex and the size in bytes of some content."""

T = TypeVar("T")

WORKERS = min(4, os.cpu_count() or 1)
"""Files that are read at once where there are several."""

_FICLONE = getattr(fcntl, "FICLONE", 0x40049409)  # Python names it from 3.12 on


def hash_file(source: BinaryIO) -> Digest:
    """The SHA-256 and the size of what is left to read of an open file."""
    digest, size = hashlib.sha256(), 0
    buffer = memoryview(bytearray(CHUNK))
    while count := source.readinto(buffer):  # type: ignore[attr-defined]  # typeshed's BinaryIO lacks it
        digest.update(buffer[:count])
        size += count
    return digest.hexdigest(), size


def copy_hashing(source: BinaryIO, target: BinaryIO, durably: bool = False) -> Digest:
    """Fill the empty ``target``, open for reading too, with ``source``; the digest is that of what ``target`` holds.

    Where the file system can, the copy is a clone: it shares its blocks with the source until one of them is written
    to, and is as private as any copy. Elsewhere bytes are copied. Another thread hashes them as they arrive, also
    while they are forced to the disk, which ``durably`` asks for.
    """
    descriptor = target.fileno()
    arrived = _Arrived()
    with ThreadPoolExecutor(1, "hash") as pool:
        digest = pool.submit(_hash_arriving, descriptor, arrived)
        try:
            if clone(source, target):
                arrived.add(os.fstat(descriptor).st_size)
            else:
                _copy(source, descriptor, arrived)
            arrived.end()
            if durably:
                os.fsync(descriptor)
        except BaseException:
            arrived.end()
            raise
        return digest.result()


def clone(source: BinaryIO, target: BinaryIO) -> bool:
    """Let ``target`` share the blocks of ``source``, copied on write; false where the file system cannot."""
    try:
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except OSError:
        # Whatever the reason, copying either works or says what is wrong.
        return False
    return True


def each(function: Callable[[T], Any], items: Sequence[T]) -> None:
    """Call ``function`` on every item, several at a time; of several failures, that of the first item is raised."""
    if len(items) < 2:
        for item in items:
            function(item)
        return
    pool = ThreadPoolExecutor(min(WORKERS, len(items)), "verify")
    try:
        for call in [pool.submit(function, item) for item in items]:
            call.result()
    finally:
        pool.shutdown(cancel_futures=True)


class _Arrived:
    """How many bytes have been written, for the thread that reads behind; bounded memory needs no queue of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._size = 0
        self._ended = False

    def add(self, count: int) -> None:
        with self._changed:
            self._size += count
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()

    def wait(self, position: int) -> int:
        """Bytes that have arrived, once that is more than ``position`` or no more will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._size > position or self._ended)
            return self._size


def _copy(source: BinaryIO, descriptor: int, arrived: _Arrived) -> None:
    # The kernel copies better by itself, though not between all file systems; what it leaves is read and written.
    with suppress(OSError):
        while count := os.copy_file_range(source.fileno(), descriptor, CHUNK):
            arrived.add(count)
    buffer = memoryview(bytearray(CHUNK))
    while count := source.readinto(buffer):  # type: ignore[attr-defined]  # typeshed's BinaryIO lacks it
        _write_all(descriptor, buffer[:count])
        arrived.add(count)


def _write_all(descriptor: int, content: memoryview) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _hash_arriving(descriptor: int, arrived: _Arrived) -> Digest:
    digest, position = hashlib.sha256(), 0
    buffer = memoryview(bytearray(CHUNK))
    while (end := arrived.wait(position)) > position:
        # Never beyond what was written by us, so the digest is of that and nothing else.
        count = os.preadv(descriptor, [buffer[: min(CHUNK, end - position)]], position)
        if not count:
            break  # cut off behind our back; the size says so
        digest.update(buffer[:count])
        position += count
    return digest.hexdigest(), position
