"""Where an engine listens: a Unix socket in a folder that only its owner can enter, beside the key to it."""

from __future__ import annotations

from pathlib import Path

_CONNECTED = "03"


def key_file(socket: Path) -> Path:
    """The file with what a request to the engine must carry."""
    return socket.with_name("key")


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
