"""The SQLite database of a state home: one file, immediate transactions, forward migrations per component."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelops.errors import Conflict, Unavailable
from modelops.paths import StateHome
from modelops.registry.corruption import Connection, check_opened

if TYPE_CHECKING:
    from sqlite_utils import Database

Migration = Callable[["Database"], None]

LEAST_SPACE = 1 << 20
"""Bytes that have to be free for the database to be written to."""

BUSY_TIMEOUT = 30.0
"""Seconds a statement waits for another process's write lock before it fails."""


def open_database(home: StateHome) -> Database:
    """Open the state home's database, creating home and file when missing. One connection per thread.

    On a full disk it is opened for reading. Raises ``Unavailable`` with code ``database_corrupt``; so does any later
    statement that finds damage.
    """
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = _connect(str(home.database))
    try:
        try:
            for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cell_size_check = ON"):
                connection.execute(f"PRAGMA {setting}")
        except sqlite3.OperationalError:
            if not _only_readable(home):
                raise
            connection.close()
            connection = _connect(f"{home.database.as_uri()}?mode=ro&immutable=1")
        check_opened(connection, home)
    except BaseException:
        connection.close()
        raise
    return as_database(connection)


def as_database(connection: sqlite3.Connection) -> Database:
    """A connection with sqlite_utils around it."""
    with _without_dataframes():
        from sqlite_utils import Database

    return Database(connection)


def _connect(name: str) -> Connection:
    return sqlite3.connect(
        name, timeout=BUSY_TIMEOUT, isolation_level=None, factory=Connection, uri=name.startswith("file:")
    )


def _only_readable(home: StateHome) -> bool:
    """Whether there is no space for SQLite's own files, and nobody else has the database open."""
    log = home.database.with_name(f"{home.database.name}-wal")
    return home.free_bytes() < LEAST_SPACE and home.database.exists() and not (log.exists() and log.stat().st_size)


@contextmanager
def _without_dataframes() -> Iterator[None]:
    """Keep sqlite_utils from importing pandas and numpy only to know their types: a second of every short command.

    Other threads could want them just now, so this is done only where there are none.
    """
    hidden = [name for name in ("pandas", "numpy") if name not in sys.modules and threading.active_count() == 1]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None makes an import fail
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def transaction(database: Database) -> Iterator[Database]:
    """One ``BEGIN IMMEDIATE`` transaction: the write lock is taken first, so a read before a write cannot be outrun.

    Raises ``Unavailable`` with code ``database_locked`` when another process holds the lock for ``BUSY_TIMEOUT``, or
    ``disk_full`` when there is no space for what is written; then nothing was.
    """
    try:
        database.conn.execute("BEGIN IMMEDIATE")
        yield database
        database.conn.execute("COMMIT")
    except BaseException as error:
        if database.conn.in_transaction:
            database.conn.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError) and (unavailable := _unavailable(error)) is not None:
            raise unavailable from error
        raise


def _unavailable(error: sqlite3.OperationalError) -> Unavailable | None:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Unavailable(
                "database_locked",
                "Another process has held the database for too long.",
                "Try again; if it lasts, look for a process that writes to the state home.",
            )
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_READONLY:
            return Unavailable(
                "disk_full",
                "No space is left where the state home is: it can be read, not changed.",
                "Free some space; nothing is damaged, and what waits goes on by itself.",
            )
        case _:
            return None


def migrate(database: Database, component: str, migrations: Sequence[Migration]) -> None:
    """Bring ``component``'s tables forward; its schema version is the number of migrations applied.

    Raises ``Conflict`` when the database was written by a newer release.
    """
    if _version(database, component) == len(migrations):
        return
    with transaction(database):
        database.execute(
            "CREATE TABLE IF NOT EXISTS schema_versions (component TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT"
        )
        version = _version(database, component)
        if version > len(migrations):
            raise Conflict(
                "newer_schema",
                f"The state home's {component} tables have version {version}; this release knows {len(migrations)}.",
                "Update jupyterlab-modelops, or point MODELOPS_HOME at another folder.",
            )
        for migration in migrations[version:]:
            migration(database)
        database.execute(
            "INSERT INTO schema_versions VALUES (?, ?)"
            " ON CONFLICT (component) DO UPDATE SET version = excluded.version",
            [component, len(migrations)],
        )


def _version(database: Database, component: str) -> int:
    if not database["schema_versions"].exists():
        return 0
    row = database.execute("SELECT version FROM schema_versions WHERE component = ?", [component]).fetchone()
    return int(row[0]) if row else 0
