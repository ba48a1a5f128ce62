"""Where an engine listens: a Unix socket in a folder that only its owner can enter, beside the key to it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from modelops_server.endpoints.place import Place

CONNECT = 5.0
"""Seconds that an engine has to take a connection."""

_CONNECTED = "03"


def socket_folders(place: Place) -> list[Path]:
    """The folders of an endpoint's engines, also of those whose keeper died before it could remove them."""
    return list(Path(tempfile.gettempdir()).glob(f"{_prefix(place)}*"))


def make_socket_folder(place: Place) -> Path:
    """A new folder for an engine of an endpoint."""
    return Path(tempfile.mkdtemp(prefix=_prefix(place)))


def remove_socket_folders(place: Place) -> None:
    """Remove what engines have left."""
    for folder in socket_folders(place):
        shutil.rmtree(folder, ignore_errors=True)


def key_file(socket: Path) -> Path:
    """The file with what a request to the engine must carry."""
    return socket.with_name("key")


def engine_api(socket: Path) -> dict[str, Any]:
    """What an HTTP client needs beside the socket to ask the engine: the address of its API, and the key to it.

    Raises ``OSError`` where the engine is gone.
    """
    return {
        "base_url": "http://engine/v1/",
        "headers": {"Authorization": f"Bearer {key_file(socket).read_text()}"},
        "trust_env": False,
    }


def connections(socket: Path) -> int:
    """How many connections to a Unix socket are open, as the Linux kernel says."""
    count = 0
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as table:
        for line in table:
            # Num RefCount Protocol Flags Type St Inode Path
            fields = line.split(maxsplit=7)
            if len(fields) == 8 and fields[5] == _CONNECTED and fields[7].rstrip("\n") == str(socket):
                count += 1
    return count


def _prefix(place: Place) -> str:
    return f"modelops-{place.mark}-"
