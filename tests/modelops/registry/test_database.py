"""One database, immediate transactions, forward migrations."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
from sqlite_utils import Database

from modelops.errors import Conflict, Unavailable
from modelops.paths import StateHome
from modelops.registry import database as module
from modelops.registry.database import Migration, migrate, open_database, transaction

FIRST: list[Migration] = [lambda db: db.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY) STRICT")]
SECOND: list[Migration] = [*FIRST, lambda db: db.execute("ALTER TABLE jobs ADD COLUMN name TEXT")]


def columns(database: Database, table: str) -> list[str]:
    return [column.name for column in database[table].columns]


def test_a_new_home_gets_all_migrations_and_an_old_one_only_the_missing(home: StateHome) -> None:
    database = open_database(home)
    migrate(database, "jobs", FIRST)
    database.execute("INSERT INTO jobs VALUES ('a')")
    migrate(database, "jobs", SECOND)
    migrate(database, "jobs", SECOND)
    assert columns(database, "jobs") == ["id", "name"]
    assert database.execute("SELECT id FROM jobs").fetchall() == [("a",)]


def test_a_home_of_a_newer_release_is_refused(home: StateHome) -> None:
    migrate(open_database(home), "jobs", SECOND)
    with pytest.raises(Conflict) as refusal:
        migrate(open_database(home), "jobs", FIRST)
    assert refusal.value.code == "newer_schema"


def test_a_migration_that_fails_leaves_nothing_behind(home: StateHome) -> None:
    database = open_database(home)
    with pytest.raises(sqlite3.OperationalError):
        migrate(database, "jobs", [*FIRST, lambda db: db.execute("CREATE nonsense")])
    assert not database["jobs"].exists()
    migrate(database, "jobs", FIRST)
    assert database["jobs"].exists()


def test_components_have_versions_of_their_own(home: StateHome) -> None:
    database = open_database(home)
    migrate(database, "jobs", SECOND)
    migrate(database, "registry", [lambda db: db.execute("CREATE TABLE artifacts (name TEXT)")])
    assert dict(database.execute("SELECT component, version FROM schema_versions").fetchall()) == {
        "jobs": 2,
        "registry": 1,
    }


def test_an_exception_rolls_the_whole_transaction_back_also_what_sqlite_utils_inserted(home: StateHome) -> None:
    database = open_database(home)
    migrate(database, "jobs", FIRST)
    with pytest.raises(RuntimeError), transaction(database):
        database["jobs"].insert({"id": "a"})
        raise RuntimeError("crash")
    assert database["jobs"].count == 0


def test_read_modify_writes_of_many_processes_are_all_counted(home: StateHome) -> None:
    database = open_database(home)
    database.execute("CREATE TABLE counter (n INTEGER)")
    database.execute("INSERT INTO counter VALUES (0)")
    script = """
from modelops.paths import StateHome
from modelops.registry.database import open_database, transaction
database = open_database(StateHome.default())
for _ in range(50):
    with transaction(database):
        (n,) = database.execute("SELECT n FROM counter").fetchone()
        database.execute("UPDATE counter SET n = ?", [n + 1])
"""
    processes = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    assert database.execute("SELECT n FROM counter").fetchone() == (200,)


def test_a_lock_that_is_never_given_up_is_an_error_with_a_hint(
    home: StateHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = open_database(home)
    monkeypatch.setattr(module, "BUSY_TIMEOUT", 0.05)
    waiting = open_database(home)
    with transaction(holder), pytest.raises(Unavailable) as refusal, transaction(waiting):
        pass
    assert refusal.value.code == "database_locked"
    with transaction(waiting):
        pass
