"""Aliases on disk: nobody signs them, so a database that is lost takes them from this file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.files import write_atomic

if TYPE_CHECKING:
    from sqlite_utils import Database

Alias = tuple[str, str, int]
"""An artifact's name, the alias, and the version it means."""


def aliases_in(database: Database) -> list[Alias]:
    """Every alias in the database, in order."""
    rows = database.execute("SELECT name, alias, version FROM aliases ORDER BY name, alias").fetchall()
    return [(name, alias, version) for name, alias, version in rows]


def write_aliases(path: Path, database: Database) -> None:
    """Replace the file by what the database says."""
    write_atomic(path, (json.dumps(aliases_in(database), ensure_ascii=False, indent=0) + "\n").encode())


def read_aliases(path: Path) -> list[Alias] | None:
    """What the file says; ``None`` where it is missing or is not such a file."""
    try:
        found = json.loads(path.read_text("utf-8"))
        return [(str(name), str(alias), int(version)) for name, alias, version in found]
    except (OSError, ValueError, TypeError, RecursionError):
        return None
