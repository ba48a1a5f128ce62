"""Content by digest: write, fsync, rename, fsync the folder; a blob is complete or not there."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from modelops.errors import InvalidInput, Unavailable
from modelops.files import durable_writer, fsync_folder, out_of_space, publish
from modelops.paths import StateHome
from modelops.registry.copying import copy_hashing


class BlobStore:
    """The blobs of a state home, each read-only at ``blobs/sha256/<first two digits>/<digest>``."""

    def __init__(self, home: StateHome) -> None:
        self.root = home.blobs / "sha256"

    def path(self, sha256: str) -> Path:
        """Where the blob with this digest is, or would be."""
        return self.root / sha256[:2] / sha256

    def add(self, source: Path) -> tuple[str, int]:
        """Store the content of a regular file durably; return its SHA-256 in hex and its size in bytes.

        Raises ``InvalidInput`` for a link or a special file, and ``Unavailable`` with code ``disk_full``.
        """
        try:
            make_durable_folder(self.root)
            with regular_reader(source) as content, durable_writer(self.root) as (stream, temporary):
                os.fchmod(stream.fileno(), 0o444)
                sha256, size = copy_hashing(content, stream, durably=True)
            target = self.path(sha256)
            try:
                make_durable_folder(target.parent)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            # Also over an existing blob: the new file is known to be good, the old one may have rotted.
            publish(temporary, target)
        except OSError as error:
            if not out_of_space(error):
                raise
            raise disk_full(self.root, source.stat().st_size) from error
        return sha256, size


def disk_full(folder: Path, needed: int) -> Unavailable:
    """The error for a write of ``needed`` bytes that found no space."""
    free = shutil.disk_usage(folder).free if folder.exists() else 0
    return Unavailable(
        "disk_full",
        f"There is no space left: {needed} bytes are needed, {free} are free.",
        "Free some space, then try again; nothing was registered.",
        needed_bytes=needed,
        free_bytes=free,
    )


@contextmanager
def regular_reader(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file; a link or a special file raises ``InvalidInput`` with code ``not_a_regular_file``."""
    try:
        # Non-blocking, so that a named pipe in the place of a file cannot hold us up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise
        raise _not_regular(path) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_regular(path)
    with os.fdopen(descriptor, "rb") as stream:
        yield stream


def make_durable_folder(folder: Path) -> None:
    """Create ``folder`` and its parents, private to the user, so that they survive a power cut."""
    if folder.is_dir():
        return
    make_durable_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    fsync_folder(folder.parent)


def _not_regular(path: Path) -> InvalidInput:
    return InvalidInput(
        "not_a_regular_file",
        f"{path.name!r} is a link or a special file.",
        "Replace it by a regular file with the same content.",
        file=path.name,
    )
