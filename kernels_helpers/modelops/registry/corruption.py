"""A damaged database is an error with the command that mends it, wherever a statement finds the damage.

SQLite has no checksums over pages: it notices structure that cannot be right, when it reads it. So opening looks only
at what costs nothing; `modelops registry fsck` reads everything.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable
from typing import Any, ParamSpec, Self, TypeVar

from modelops.errors import Unavailable, VerificationError
from modelops.paths import StateHome
from modelops.registry.keys import KeyStore
from modelops.registry.log.checkpoints import read_checkpoint, read_note

SMALL = 1 << 20
"""Bytes of a database that is checked in full whenever it is opened, which takes a few milliseconds."""

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

P = ParamSpec("P")
R = TypeVar("R")


def database_corrupt(what: str) -> Unavailable:
    """The error for a database that cannot be believed."""
    return Unavailable(
        "database_corrupt",
        f"The state home's database is damaged: {what}.",
        "Stop what uses the state home, then run: modelops registry rebuild. The damaged file is kept.",
    )


def _refusing_damage(method: Callable[P, R]) -> Callable[P, R]:
    def guarded(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return method(*arguments, **named)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGE:
                raise
            raise database_corrupt(str(error)) from error

    return guarded


class Cursor(sqlite3.Cursor):
    """A cursor that says ``database_corrupt`` where SQLite finds damage."""

    execute = _refusing_damage(sqlite3.Cursor.execute)
    executemany = _refusing_damage(sqlite3.Cursor.executemany)
    executescript = _refusing_damage(sqlite3.Cursor.executescript)
    fetchone = _refusing_damage(sqlite3.Cursor.fetchone)
    fetchmany = _refusing_damage(sqlite3.Cursor.fetchmany)
    fetchall = _refusing_damage(sqlite3.Cursor.fetchall)

    def __iter__(self) -> Self:
        return self

    @_refusing_damage
    def __next__(self) -> Any:
        return super().__next__()


class Connection(sqlite3.Connection):
    """A connection whose every statement, however it is executed, goes through :class:`Cursor`."""

    def cursor(self, factory: Any = Cursor) -> Any:
        return super().cursor(factory)

    def execute(self, *arguments: Any) -> Any:
        return self.cursor().execute(*arguments)

    def executemany(self, *arguments: Any) -> Any:
        return self.cursor().executemany(*arguments)

    def executescript(self, *arguments: Any) -> Any:
        return self.cursor().executescript(*arguments)


def check_opened(connection: sqlite3.Connection, home: StateHome) -> None:
    """Raise ``Unavailable`` with code ``database_corrupt`` for damage that can be seen at once.

    That is: a file that is none of SQLite's, or shorter than it says; any damage to the structure of a small one; and
    a database that has lost what it had committed, because its write-ahead log was deleted or an older file put back.
    """
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    if pages * page_size <= SMALL:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise database_corrupt(str(verdict))
    note = read_note(home.log / "checkpoint") or ""  # read before the database, which is ahead of it
    if _claimed(note) > (known := _entries(connection)):
        with contextlib.suppress(VerificationError):  # a checkpoint that nobody signed says nothing of the database
            size = read_checkpoint(note, KeyStore(home).trusted()).size
            raise database_corrupt(f"it has lost {size - known} of the {size} entries that the log on disk has")


def _entries(connection: sqlite3.Connection) -> int:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'log_entries'").fetchone():
        return 0
    return int(connection.execute("SELECT coalesce(max(position) + 1, 0) FROM log_entries").fetchone()[0])


def _claimed(note: str) -> int:
    size = re.match(r"[^\n]*\n([1-9][0-9]{0,17})\n", note)
    return int(size[1]) if size else 0
