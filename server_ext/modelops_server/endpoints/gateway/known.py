"""The endpoint that a request means, whose files are read again only when they have changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from modelops.paths import StateHome
from modelops_server.endpoints.endpoint import Endpoint, find
from modelops_server.endpoints.place import Place

Stamp = tuple[tuple[int, int, int], ...]


class Known:
    """The endpoints of a state home that requests have named."""

    def __init__(self, home: StateHome) -> None:
        self._home = home
        self._read: dict[str, tuple[Stamp, Endpoint]] = {}

    async def find(self, name: str) -> Endpoint:
        """The endpoint called ``name`` as it is now; raises as :func:`modelops_server.endpoints.find` does."""
        place = Place.of(self._home, name)
        before = _stamp(place)
        stamp, endpoint = self._read.get(name, (None, None))
        if endpoint is not None and stamp == before:
            return endpoint
        self._read.pop(name, None)
        endpoint = await asyncio.to_thread(find, self._home, name)
        if before is not None:
            self._read[name] = before, endpoint
        return endpoint


def _stamp(place: Place) -> Stamp | None:
    """What changes when a file of the endpoint is replaced; each is written under another name and then moved."""
    try:
        return tuple(_marks(file) for file in place.files)
    except OSError:
        return None


def _marks(file: Path) -> tuple[int, int, int]:
    stat = file.stat()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
