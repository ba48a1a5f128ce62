"""Storage that fails, loses or garbles what was written: nothing half-registered, nothing damaged goes unnoticed."""

from __future__ import annotations

import errno
import random
import runpy
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
from modelops.registry.upkeep.fsck import fsck
from modelops.registry.upkeep.rebuild import rebuild

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


# --- F7 and F8: killed, or failing, at every call that writes ---

HARNESS = Path(__file__).with_name("storage_faults.py")
operate = runpy.run_path(str(HARNESS))["operate"]
OPERATIONS = ("register", "alias", "gc", "sign", "rebuild", "rebuild a lost database")


def _template(operation: str, home: StateHome, folder: Path) -> None:
    """A state home in which the operation has something to do."""
    registry = Registry(home)
    match operation:
        case "gc":
            registry.stage(folder)
            (folder / "weights").write_bytes(b"others")
            registry.stage(folder)
            registry.envelopes.add(b"{}")
            (home.blobs / "sha256" / ".0123.tmp").write_bytes(b"half")
        case "sign":  # as an earlier release left it, which knew no log
            with transaction(registry.database):
                registry.database.execute("UPDATE log_state SET signed = 0, checkpoint = NULL")
                registry.database.execute("UPDATE log_state SET published = 0, aliases_published = 0")
            shutil.rmtree(home.log)
    registry.database.conn.close()
    if operation == "rebuild a lost database":
        home.database.unlink()


def _disturbed(operation: str, fault: str, made: StateHome, folder: Path, copies: Path) -> list[tuple[StateHome, str]]:
    """Copies of a state home, in each of which the operation was disturbed at another moment, and how it ended."""
    (folder / "weights").write_bytes(b"new weights")
    _template(operation, made, folder)
    copies.mkdir()
    command = [sys.executable, str(HARNESS), operation, fault, str(made.root), str(copies), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ended = [line.split() for line in done.stdout.splitlines()]
    assert [int(number) for number, _ in ended] == list(range(1, len(ended) + 1))
    assert ended[-1][1] == "undisturbed"
    return [(StateHome(copies / number), outcome) for number, outcome in ended]


def _survived(operation: str, home: StateHome, outcome: str, folder: Path) -> None:
    if operation == "rebuild a lost database" and outcome in {"failed", "killed"}:
        assert {finding.code for finding in fsck(home).problems} <= {"database_corrupt"}  # lost, and said so, or back
        operate(operation, home, folder)
    report = fsck(home, read_data=True)  # opens the registry, which catches up
    assert report.problems == ()
    whole = 4 if operation == "register" else 3
    assert report.artifacts in ({whole} if outcome in {"succeeded", "undisturbed"} else {3, whole})
    assert report.entries == report.artifacts
    operate(operation, home, folder)
    again = fsck(home, read_data=True)
    assert again.problems == ()
    assert again.artifacts == (report.artifacts + 1 if operation == "register" else 3)
    registry = Registry(home)
    assert registry.get("model@production").version == (2 if operation == "alias" else 1)
    registry.database.conn.close()


each_operation = pytest.mark.parametrize("operation", OPERATIONS)


@each_operation
def test_f7_killed_at_any_write_all_of_it_is_there_or_none(
    operation: str, made: StateHome, folder: Path, tmp_path: Path
) -> None:
    ended = _disturbed(operation, "kill", made, folder, tmp_path / "copies")
    assert len(ended) > 5
    for home, outcome in ended:
        _survived(operation, home, outcome, folder)


@each_operation
@pytest.mark.parametrize("fault", [errno.EIO, errno.ENOSPC], ids=lambda fault: errno.errorcode[fault])
def test_f8_the_nth_write_fails_for_every_n(
    operation: str, fault: int, made: StateHome, folder: Path, tmp_path: Path
) -> None:
    ended = _disturbed(operation, str(fault), made, folder, tmp_path / "copies")
    assert len(ended) > 5
    for home, outcome in ended:
        _survived(operation, home, outcome, folder)
    if operation == "register":
        # What failed before the commit is not there; what fails in copying the log afterwards is no failure.
        assert {outcome for _, outcome in ended} == {"failed", "succeeded", "undisturbed"}
