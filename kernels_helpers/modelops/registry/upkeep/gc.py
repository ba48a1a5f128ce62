"""Garbage collection: what no row and no entry of the log names, and what processes left behind when they died."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelops.errors import Conflict
from modelops.registry.database import transaction
from modelops.registry.locks import collecting
from modelops.registry.registry import Registry
from modelops.registry.scratch import abandoned, sweep
from modelops.registry.upkeep.findings import Progress, quietly

DAY = 86_400.0

_TOGETHER = 200
"""Files removed in one transaction: others may want the database, too."""


@dataclass(frozen=True)
class Garbage:
    """A file (or a scratch folder) that nothing needs, and the bytes that it takes."""

    path: Path
    size: int
    kind: Literal["blob", "envelope", "temporary", "scratch"]


def find_garbage(registry: Registry, grace: float = DAY) -> list[Garbage]:
    """What could be removed: unnamed, and neither written nor linked in the last ``grace`` seconds."""
    home = registry.home
    blobs = _files(home.blobs, "*/*/*", "blob", {*_column(registry, "SELECT DISTINCT sha256 FROM artifact_files")})
    named = {*_column(registry, "SELECT envelope FROM artifacts UNION SELECT envelope FROM log_entries")}
    found = [*blobs, *_files(home.envelopes, "*/*.json", "envelope", {f"{digest}.json" for digest in named})]
    for folder, pattern in (
        (home.root, ".*.tmp*"),
        (home.keys, ".*.tmp"),
        (home.log, ".*.tmp"),
        (home.blobs, "**/.*.tmp"),
        (home.envelopes, "*/.*.tmp"),
    ):
        found += _files(folder, pattern, "temporary", set())
    old = [item for item in found if _age(item.path) >= grace]
    return [*old, *(Garbage(container, _bytes(container), "scratch") for container in abandoned(home))]


def collect_garbage(
    registry: Registry, *, grace: float = DAY, delete: bool = False, progress: Progress = quietly
) -> list[Garbage]:
    """Find garbage and, with ``delete``, remove it; return what was found, or removed.

    It is found again while nobody can store anything, so that nothing is removed that is about to be named. Raises
    ``Conflict`` with code ``registry_damaged`` when rows are missing, ``VerificationError`` when the log is not whole,
    and ``Unavailable`` with code ``registry_busy``.
    """
    _require_whole(registry)
    if not delete:
        return find_garbage(registry, grace)
    removed: list[Garbage] = []
    with collecting(registry.home):
        found = find_garbage(registry, grace)
        for first in range(0, len(found), _TOGETHER):
            # The lock on the database keeps out whoever would name something without holding the lease.
            with transaction(registry.database):
                for item in found[first : first + _TOGETHER]:
                    if item.kind != "scratch":
                        item.path.unlink(missing_ok=True)
                    removed.append(item)
            progress("Removing", len(removed), len(found))
        sweep(registry.home)
    return removed


def _require_whole(registry: Registry) -> None:
    """A row that is missing would make garbage of what it named."""
    registry.log.check_checkpoint()
    query = "SELECT count(*) FROM log_entries WHERE envelope NOT IN (SELECT envelope FROM artifacts)"
    (missing,) = registry.database.execute(query).fetchone()
    if missing:
        raise Conflict(
            "registry_damaged",
            f"{missing} artifacts of the log are not in the database, so nothing is safe to remove.",
            "See what is wrong with: modelops registry fsck",
        )


def _files(
    folder: Path, pattern: str, kind: Literal["blob", "envelope", "temporary"], named: set[str]
) -> Iterator[Garbage]:
    for path in folder.glob(pattern):
        if path.name not in named and (kind == "temporary" or not path.name.startswith(".")) and path.is_file():
            yield Garbage(path, path.lstat().st_size, kind)


def _age(path: Path) -> float:
    """Seconds since the file was written or linked; the change time, because a link keeps the time of its source."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0.0
    return max(0.0, time.time() - max(status.st_ctime, status.st_mtime))


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def _column(registry: Registry, query: str) -> Iterator[str]:
    return (str(value) for (value,) in registry.database.execute(query).fetchall())
