"""Making the database again from what is signed: envelopes, in the order of the log, under its checkpoint.

Which entries are the log's is decided by signed checkpoints alone: of all lists of entries that are left, the longest
one that a genuine checkpoint was signed over. Everything else of the new database follows from the envelopes.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from modelops.errors import ModelOpsError, Unavailable, VerificationError
from modelops.files import fsync_folder, write_atomic
from modelops.paths import StateHome
from modelops.registry.aliases import Alias, aliases_in, read_aliases, write_aliases
from modelops.registry.blobs import BlobStore, make_durable_folder
from modelops.registry.corruption import Connection
from modelops.registry.database import as_database, migrate, transaction
from modelops.registry.envelopes import EnvelopeStore, open_envelope
from modelops.registry.exchange.importing import without_absent
from modelops.registry.index import COMPONENT, MIGRATIONS, TABLES, ArtifactIndex
from modelops.registry.keys import KeyStore, PublicKey
from modelops.registry.locks import collecting, locked
from modelops.registry.log import merkle
from modelops.registry.log.checkpoints import Checkpoint, read_checkpoint, read_note
from modelops.registry.log.log import append_entry, entry_hash
from modelops.registry.statements import Statement, read_statement
from modelops.registry.upkeep.findings import Finding, Progress, quietly

if TYPE_CHECKING:
    from sqlite_utils import Database

Restorer = Callable[["Database", StateHome], None]
"""Fills another component's tables in a new database, from that component's own files."""

# Where SQLite keeps the locks of everyone who has a database open: https://sqlite.org/src/file/src/os.h
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuilt database holds, where the old one is, and which entries could not be restored.

    ``carried_over`` says that the old database could be read in full, so that jobs and everything else are still there.
    """

    artifacts: int
    entries: int
    aliases: int
    kept: Path | None
    carried_over: bool
    problems: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        kept = None if self.kept is None else str(self.kept)
        return {**vars(self), "kept": kept, "problems": [problem.as_json() for problem in self.problems]}


class _Log(NamedTuple):
    """The entries to restore, and the checkpoint over them; none where there was no log yet."""

    entries: list[str]
    checkpoint: Checkpoint | None


def rebuild(
    home: StateHome,
    *,
    from_envelopes: bool = False,
    restorers: Sequence[Restorer] = (),
    progress: Progress = quietly,
) -> Rebuilt:
    """Replace the database by a new one; the old one is kept as ``modelops.db.broken-<n>``.

    ``restorers`` are called where the old database is damaged; otherwise its other tables are carried over. With
    ``from_envelopes``, the log begins anew with every envelope that a trusted key signed, whatever is left of the log.

    Raises ``Unavailable`` with code ``database_in_use``, or ``log_unconfirmed`` when no checkpoint confirms any list
    of entries; then nothing was changed.
    """
    _require_unused(home)
    make_durable_folder(home.log)
    temporary = home.root / f".modelops.db.{secrets.token_hex(8)}.tmp"
    with collecting(home), locked(home.log / ".lock", fcntl.LOCK_EX), _sound(home) as old:
        try:
            result = _make(home, temporary, old, from_envelopes, restorers, progress)
            if old is not None:
                old.close()
            kept = _put_in_place(home, temporary)
        except BaseException:
            for path in (temporary, temporary.with_name(f"{temporary.name}-journal")):
                path.unlink(missing_ok=True)
            raise
    return replace(result, kept=kept)


def _make(
    home: StateHome,
    path: Path,
    old: sqlite3.Connection | None,
    from_envelopes: bool,
    restorers: Sequence[Restorer],
    progress: Progress,
) -> Rebuilt:
    trusted = KeyStore(home).trusted()
    log = _from_envelopes(home, trusted) if from_envelopes else _confirmed(home, old, trusted)
    aliases = read_aliases(home.log / "aliases.json")
    if aliases is None:
        aliases = aliases_in(as_database(old)) if old is not None and _has(old, "aliases") else []
    with closing(sqlite3.connect(path, isolation_level=None, factory=Connection)) as connection:
        database = as_database(connection)
        if old is not None:
            old.backup(connection)
            _drop_own_tables(database)
        # The file is not in place before it was flushed as a whole, so the journal has nothing to protect.
        connection.execute("PRAGMA synchronous = OFF")
        migrate(database, COMPONENT, MIGRATIONS)
        with transaction(database):
            problems = _fill(database, home, log, trusted, progress)
            _fill_aliases(database, aliases)
            _write_log(home, database, log)
        if old is None:
            for restore in restorers:
                restore(database, home)
        counted = "SELECT (SELECT count(*) FROM artifacts), (SELECT count(*) FROM aliases)"
        artifacts, named = connection.execute(counted).fetchone()
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    return Rebuilt(artifacts, len(log.entries), named, None, old is not None, tuple(problems))


def _confirmed(home: StateHome, old: sqlite3.Connection | None, trusted: tuple[PublicKey, ...]) -> _Log:
    """The longest list of entries, of those on disk and in the old database, that a genuine checkpoint confirms."""
    lists, notes = [], []
    lines, note = home.log / "entries", home.log / "checkpoint"
    if lines.is_file():
        lists.append(lines.read_text("ascii", "replace").splitlines())
    if (found := read_note(note)) is not None:
        notes.append(found)
    if old is not None and _has(old, "log_entries"):
        rows = old.execute("SELECT envelope FROM log_entries ORDER BY position").fetchall()
        lists.append([envelope for (envelope,) in rows])
        notes += [note for (note,) in old.execute("SELECT checkpoint FROM log_state").fetchall() if note]
    confirmed = [
        _Log(entries[: checkpoint.size], checkpoint)
        for checkpoint in _genuine(notes, trusted)
        for entries in lists
        if _root(entries[: checkpoint.size]) == (checkpoint.size, checkpoint.root)
    ]
    if confirmed:
        return max(confirmed, key=lambda log: len(log.entries))
    if notes or any(lists):
        raise Unavailable(
            "log_unconfirmed",
            "What is left of the log is not what its checkpoint was signed over; nothing was changed.",
            f"Restore {home.log} from a backup. To begin a new log with every attestation that is validly signed: "
            "modelops registry rebuild --from-envelopes",
        )
    return _from_envelopes(home, trusted)


def _genuine(notes: Iterable[str], trusted: tuple[PublicKey, ...]) -> Iterator[Checkpoint]:
    for note in dict.fromkeys(notes):
        try:
            yield read_checkpoint(note, trusted)
        except VerificationError:
            continue  # it confirms nothing


def _root(entries: list[str]) -> tuple[int, bytes] | None:
    try:
        leaves = [entry_hash(entry) for entry in entries]
    except ValueError:
        return None
    nodes: dict[tuple[int, int], bytes] = {}
    for index, leaf in enumerate(leaves):
        hashes = merkle.completed(leaf, index, lambda *node: nodes[node])
        nodes.update({(level, index >> level): digest for level, digest in enumerate(hashes)})
    return len(entries), merkle.root(lambda *node: nodes[node], len(entries))


def _from_envelopes(home: StateHome, trusted: tuple[PublicKey, ...]) -> _Log:
    """Every envelope that is validly signed, oldest first: for a state home that had no log, or has lost it."""
    store = EnvelopeStore(home)
    found = []
    for path in home.envelopes.glob("*/*.json"):
        try:
            statement = _statement(store, path.stem, trusted)
        except ModelOpsError:
            continue  # what does not verify was not published
        found.append((statement.created, statement.name, statement.version, path.stem))
    return _Log([envelope for *_, envelope in sorted(found)], None)


def _fill(
    database: Database, home: StateHome, log: _Log, trusted: tuple[PublicKey, ...], progress: Progress
) -> list[Finding]:
    index, store, blobs, problems = ArtifactIndex(database), EnvelopeStore(home), BlobStore(home), []
    for number, envelope in enumerate(log.entries, start=1):
        append_entry(database, envelope)
        try:
            index.insert(without_absent(blobs, _statement(store, envelope, trusted)), envelope)
        except VerificationError as error:
            mend = f"restore {store.path(envelope)} from a backup, then rebuild again"
            problems.append(Finding(error.code, f"log entry {number - 1}", error.message, mend))
        except sqlite3.IntegrityError:
            message = "Another attestation for the same version stands before it in the log."
            problems.append(
                Finding("duplicate_version", f"log entry {number - 1}", message, "nothing to do: the first one counts")
            )
        progress("Reading attestations", number, len(log.entries))
    return problems


def _statement(store: EnvelopeStore, envelope: str, trusted: tuple[PublicKey, ...]) -> Statement:
    payload, _ = open_envelope(store.read(envelope), trusted)
    return read_statement(payload)


def _fill_aliases(database: Database, aliases: list[Alias]) -> None:
    """Aliases of versions that are there; they are not signed, so the worst that a wrong one does is to mislead."""
    database.conn.executemany(
        "INSERT OR IGNORE INTO aliases SELECT ?, ?, version FROM artifacts WHERE name = ? AND version = ?",
        [(name, alias, name, version) for name, alias, version in aliases],
    )


def _write_log(home: StateHome, database: Database, log: _Log) -> None:
    """Write the log on disk before the database that says so is in place, so that it can be rebuilt again."""
    signed, note = (0, None) if log.checkpoint is None else (log.checkpoint.size, log.checkpoint.note)
    database.execute(
        "UPDATE log_state SET signed = ?, checkpoint = ?, published = ?, aliases = 1, aliases_published = 1",
        [signed, note, signed],
    )
    if note is None:
        (home.log / "checkpoint").unlink(missing_ok=True)
    write_atomic(home.log / "entries", "".join(f"{entry}\n" for entry in log.entries).encode())
    if note is not None:
        write_atomic(home.log / "checkpoint", note.encode())
    write_aliases(home.log / "aliases.json", database)


def _put_in_place(home: StateHome, new: Path) -> Path | None:
    """Keep the old files under another name, and rename the new one into place, at once."""
    _require_unused(home)
    kept = _free_name(home.database)
    # An old write-ahead log beside a new database would be applied to it.
    for suffix in ("-wal", "-shm"):
        beside = home.database.with_name(f"{home.database.name}{suffix}")
        if beside.exists():
            beside.rename(f"{kept}{suffix}")
    if home.database.exists():
        os.link(home.database, kept)
    new.replace(home.database)
    fsync_folder(home.root)
    return kept if kept.exists() else None


def _free_name(database: Path) -> Path:
    number = 1
    while list(database.parent.glob(f"{database.name}.broken-{number}*")):
        number += 1
    return database.with_name(f"{database.name}.broken-{number}")


def _require_unused(home: StateHome) -> None:
    """Raise ``Unavailable`` when another process has the database open: what it writes would be lost.

    Everyone who has a database open in WAL mode holds a shared lock on these bytes, and SQLite's locks are POSIX's.
    """
    if not home.database.exists():
        return
    with home.database.open("r+b") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)
        except OSError as error:
            raise Unavailable(
                "database_in_use",
                "Another process has the database open; nothing was changed.",
                "Stop the Jupyter servers, workers and jobs that use this state home, then try again.",
            ) from error


@contextmanager
def _sound(home: StateHome) -> Iterator[sqlite3.Connection | None]:
    """The old database, if SQLite can read all of it."""
    if not home.database.exists():
        yield None
        return
    with closing(sqlite3.connect(home.database, isolation_level=None)) as connection:
        yield connection if _is_sound(connection) else None


def _is_sound(connection: sqlite3.Connection) -> bool:
    try:
        verdicts = connection.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.DatabaseError:
        return False
    return verdicts == [("ok",)]


def _has(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone() is not None


def _drop_own_tables(database: Database) -> None:
    database.execute("PRAGMA foreign_keys = OFF")
    for table in TABLES:
        database.execute(f"DROP TABLE IF EXISTS {table}")
    if database["schema_versions"].exists():
        database.execute("DELETE FROM schema_versions WHERE component = ?", [COMPONENT])
