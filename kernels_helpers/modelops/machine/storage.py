"""The state home's disk, and who can read its keys."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from modelops.machine.finding import Finding
from modelops.paths import StateHome

GB = 10**9
ENOUGH_DISK = 3 * GB
"""Bytes that the quickstart passes through: a model's download, its safetensors, a verified copy, an adapter."""

# SQLite's write-ahead log and advisory locks do not hold across machines.
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.glusterfs", "lustre", "ceph"})


def disk(home: StateHome) -> Iterator[Finding]:
    """Free space where the state home is or would be made, and whether it can be written."""
    folder = nearest_existing(home.root)
    free = shutil.disk_usage(folder).free
    writable = home.is_writable()
    problem = "" if writable else "it cannot be written" if folder.is_dir() else f"{folder} is not a folder"
    if writable and free < ENOUGH_DISK:
        problem = f"at least {ENOUGH_DISK / GB:.0f} GB are needed"
    yield Finding(
        "storage",
        "state home",
        "missing" if problem else "ok",
        f"{home.root}, {free / GB:.1f} GB free" + (f"; {problem}" if problem else ""),
        needed_for="everything",
        mend="export MODELOPS_HOME=FOLDER, with a folder of yours on a disk with space" if problem else "",
        required=True,
    )
    kind = file_system(folder)
    if kind in _NETWORK:
        yield Finding(
            "storage",
            "file system",
            "missing",
            f"{kind}: a network file system does not lock the database between machines",
            needed_for="more than one machine on one state home",
            mend="export MODELOPS_HOME=FOLDER, with a folder on a local disk",
        )


def keys(home: StateHome) -> Iterator[Finding]:
    """Whether the folder of the keys and the private key in it are for their owner alone; else nothing is signed."""
    private = home.keys / "signing.pem"
    exposed = next((path for path in (home.keys, private) if os.path.lexists(path) and _exposed(path)), None)
    detail = f"private, in {home.keys}" if private.exists() else "the key is made when the first artifact is signed"
    yield Finding(
        "storage",
        "keys",
        "missing" if exposed else "ok",
        f"{exposed} is open to others, or a link, or another user's" if exposed else detail,
        needed_for="signing",
        mend=f"chmod 700 {home.keys} && chmod 600 {private}" if exposed else "",
        required=True,
    )


def nearest_existing(path: Path) -> Path:
    """The path itself, or the nearest of its parents that exists."""
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())


def file_system(path: Path) -> str:
    """The kind of the file system that holds a path, such as ``ext4``; empty where it cannot be told."""
    import psutil

    mounts = {mount.mountpoint: mount.fstype for mount in psutil.disk_partitions(all=True)}
    resolved = path.resolve()
    return next((mounts[str(parent)] for parent in (resolved, *resolved.parents) if str(parent) in mounts), "")


def _exposed(path: Path) -> bool:
    facts = path.lstat()
    return stat.S_ISLNK(facts.st_mode) or facts.st_uid != os.getuid() or bool(facts.st_mode & 0o077)
