"""Storage that fails, loses or garbles what was written: nothing half-registered, nothing damaged goes unnoticed."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.errors import Unavailable
from modelops.paths import StateHome
from modelops.registry import Build, Registry
from modelops.registry.corruption import SMALL
from modelops.registry.database import open_database, transaction
from modelops.registry.upkeep_fsck import fsck
from modelops.registry.upkeep_rebuild import rebuild

Damage = Callable[[StateHome], None]

MAKE = """
import os, sys
from pathlib import Path
from modelops.registry import Build, Registry
registry = Registry()
for number in range(int(sys.argv[2])):
    registry.register(Path(sys.argv[1]), name="model", kind="model", metadata={}, build=Build("job", {}, ()))
registry.set_alias("model", "production", 1)
os._exit(0)  # as if killed: the database is left open, with what it committed in its write-ahead log
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "outputs"
    folder.mkdir()
    (folder / "weights").write_bytes(b"weights")
    return folder


@pytest.fixture
def made(home: StateHome, folder: Path) -> StateHome:
    """A state home with three artifacts, whose process was killed."""
    subprocess.run([sys.executable, "-c", MAKE, str(folder), "3"], check=True)
    return home


def settle(home: StateHome) -> None:
    """Let SQLite move everything into the database's file, as it does when it is closed."""
    Registry(home).database.conn.close()
    assert not home.database.with_name("modelops.db-wal").exists()


def garbage_in_the_header(home: StateHome) -> None:
    settle(home)
    with home.database.open("r+b") as stream:
        stream.write(b"garbage" * 10)


def truncated(home: StateHome) -> None:
    settle(home)
    with home.database.open("r+b") as stream:
        stream.truncate(home.database.stat().st_size - 4096)


def truncated_to_nothing(home: StateHome) -> None:
    settle(home)
    home.database.write_bytes(b"")


def a_page_overwritten(home: StateHome) -> None:
    settle(home)
    with home.database.open("r+b") as stream:
        stream.seek(3 * 4096)
        stream.write(random.Random(0).randbytes(4096))


def removed(home: StateHome) -> None:
    settle(home)
    home.database.unlink()


def write_ahead_log_deleted(home: StateHome) -> None:
    wal = home.database.with_name("modelops.db-wal")
    assert wal.stat().st_size > 0
    wal.unlink()


def replaced_by_an_older_one(home: StateHome) -> None:
    settle(home)
    older = home.root / "older.db"
    shutil.copy(home.database, older)
    registry = Registry(home)
    folder = home.root / "more"
    folder.mkdir()
    (folder / "weights").write_bytes(b"more")
    registry.register(folder, name="model", kind="model", metadata={}, build=Build("job", {}, ()))
    registry.database.conn.close()
    older.rename(home.database)


DAMAGES: list[Damage] = [
    garbage_in_the_header,
    truncated,
    truncated_to_nothing,
    a_page_overwritten,
    removed,
    write_ahead_log_deleted,
    replaced_by_an_older_one,
]

each_damage = pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)


@each_damage
def test_f14_a_damaged_database_is_refused_at_opening_with_the_command_that_mends_it(
    made: StateHome, damage: Damage
) -> None:
    damage(made)
    with pytest.raises(Unavailable) as caught:
        Registry(made)
    assert caught.value.code == "database_corrupt"
    assert "modelops registry rebuild" in caught.value.hint


@each_damage
def test_f14_rebuild_restores_a_damaged_database_from_blobs_envelopes_and_log(made: StateHome, damage: Damage) -> None:
    damage(made)
    published = len((made.log / "entries").read_text().splitlines())
    rebuilt = rebuild(made)
    assert (rebuilt.artifacts, rebuilt.aliases, rebuilt.problems) == (published, 1, ())
    assert fsck(made, read_data=True).findings == ()
    assert Registry(made).get("model@production").version == 1


def test_f14_damage_that_opening_does_not_see_is_the_same_error_when_a_statement_meets_it(home: StateHome) -> None:
    database = open_database(home)
    with transaction(database):
        database.execute("CREATE TABLE jobs (name TEXT)")
        database.conn.executemany("INSERT INTO jobs VALUES (?)", [["x" * 1000]] * 4000)
    database.conn.close()
    pages = home.database.stat().st_size // 4096
    assert pages * 4096 > SMALL
    with home.database.open("r+b") as stream:
        for page in range(pages // 2, pages):
            stream.seek(page * 4096)
            stream.write(random.Random(page).randbytes(4096))
    opened = open_database(home)
    for read in (
        lambda: opened.execute("SELECT count(*) FROM jobs WHERE name = 'y'").fetchall(),
        lambda: opened.execute("SELECT name FROM jobs").fetchall(),
        lambda: list(opened.conn.execute("SELECT name FROM jobs")),
        lambda: list(opened["jobs"].rows),
    ):
        with pytest.raises(Unavailable) as caught:
            read()
        assert caught.value.code == "database_corrupt"
