"""The endpoint's log: appended to by keeper and engine, and never large."""

from __future__ import annotations

import os
from pathlib import Path

MOST = 8_000_000
"""Bytes above which the older half is dropped."""


def shorten(log: Path) -> None:
    """Drop the older half of a log that has become too long; those who append to it go on."""
    try:
        with log.open("r+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            if size <= MOST:
                return
            stream.seek(size - MOST // 2)
            stream.readline()
            kept = stream.read()
            stream.seek(0)
            stream.truncate()
            stream.write(kept)
    except FileNotFoundError:
        return
