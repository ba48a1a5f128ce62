"""The one door to durable storage: write, fsync, rename, fsync the folder."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from modelops.errors import InvalidInput

CHUNK = 1 << 20
"""Bytes read at a time where files are copied or hashed."""


def out_of_space(error: OSError) -> bool:
    """Whether a write failed because the disk or the user's quota is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def fsync_folder(folder: Path) -> None:
    """Make the renames and unlinks in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def durable_writer(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A temporary file in ``folder`` that is flushed and fsynced at the end, and removed if anything fails.

    Yields the open file and its path; after the ``with`` block the caller renames it into place with :func:`publish`.
    """
    temporary = folder / f".{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("x+b") as stream:  # readable, so that what was written can be hashed
            yield stream, temporary
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def publish(temporary: Path, target: Path) -> None:
    """Rename a fsynced file into place and make the rename durable."""
    try:
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(target.parent)


def write_atomic(target: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace ``target`` by ``content``: a reader sees the old whole file or the new whole file, also after a crash."""
    with durable_writer(target.parent) as (stream, temporary):
        os.fchmod(stream.fileno(), mode)
        stream.write(content)
    publish(temporary, target)


def regular_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every regular file below ``folder`` as (POSIX path relative to it, path), in sorted order.

    Links and special files are an error: they could name something outside.
    """
    for path in sorted(_walk(folder)):
        relative = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file():
            raise InvalidInput(
                "not_a_regular_file",
                f"{relative!r} is a link or a special file.",
                "Replace it by a regular file with the same content.",
                file=relative,
            )
        yield relative, path


def _walk(folder: Path) -> Iterable[Path]:
    for base, folders, names in os.walk(folder, followlinks=False):
        yield from (Path(base, name) for name in names)
        yield from (Path(base, name) for name in folders if Path(base, name).is_symlink())
