"""The bytes of one file, if it is a regular one and not too large."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from modelops.rag.reading.limits import ReadingLimits
from modelops.rag.reading.parsing import check_size
from modelops.rag.reading.reasons import NotRead, Reason


def read_bytes(path: Path, limits: ReadingLimits) -> bytes:
    """Read a file; never through a link, never waiting for a pipe, never more than the limit into memory."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise NotRead(Reason.SPECIAL_FILE, "It is no regular file.")
            check_size(status.st_size, limits)
            raw = stream.read(limits.max_bytes + 1)  # it may have grown
    except OSError as error:
        raise NotRead(Reason.UNREADABLE, f"It cannot be read: {error.strerror or error}.") from error
    check_size(len(raw), limits)
    return raw
