"""The log: every envelope that was published, in order, under a signed checkpoint; in the database and on disk.

An entry is the SHA-256 of an envelope; entries are the leaves of an RFC 6962 Merkle tree. Entry and checkpoint are
committed together with the artifact's rows, and copied to ``log/`` afterwards: so the log on disk never claims what
was not committed, and what a crash kept from being copied is copied when the registry is opened again.

``log/entries`` has one line of 65 bytes for each entry, ``log/checkpoint`` the latest signed note, ``log/aliases.json``
the names that can be moved, which nobody signs.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from nacl.signing import SigningKey

from modelops.errors import InvalidInput, VerificationError
from modelops.files import fsync_folder, write_atomic
from modelops.paths import StateHome
from modelops.registry.aliases import write_aliases
from modelops.registry.blobs import make_durable_folder, regular_reader
from modelops.registry.database import transaction
from modelops.registry.keys import KeyStore
from modelops.registry.locks import locked
from modelops.registry.log import merkle
from modelops.registry.log.checkpoints import Checkpoint, read_checkpoint, read_note, sign_checkpoint
from modelops.registry.log.proofs import LogProof
from modelops.registry.reasons import refusal

if TYPE_CHECKING:
    from sqlite_utils import Database

LINE = 65
"""Bytes of an entry on disk: 64 hexadecimal digits and a newline."""


def create_log(database: Database) -> None:
    """The migration that adds the log's tables, with what was published before as its first entries."""
    for statement in (
        "CREATE TABLE log_entries (position INTEGER PRIMARY KEY, envelope TEXT NOT NULL UNIQUE) STRICT",
        """CREATE TABLE log_nodes (
            level INTEGER NOT NULL CHECK (level > 0),
            position INTEGER NOT NULL,
            hash BLOB NOT NULL,
            PRIMARY KEY (level, position)
        ) STRICT, WITHOUT ROWID""",
        # checkpoint: over the first `signed` entries; the first `published` are known to be on disk, as are the
        # aliases after change number `aliases_published`.
        """CREATE TABLE log_state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            signed INTEGER NOT NULL,
            checkpoint TEXT,
            published INTEGER NOT NULL,
            aliases INTEGER NOT NULL,
            aliases_published INTEGER NOT NULL
        ) STRICT""",
        "INSERT INTO log_state VALUES (1, 0, NULL, 0, (SELECT count(*) FROM aliases), 0)",
    ):
        database.execute(statement)
    for (envelope,) in database.execute("SELECT envelope FROM artifacts ORDER BY id").fetchall():
        append_entry(database, envelope)


def append_entry(database: Database, envelope: str) -> int:
    """Add an entry inside a transaction, without signing; return the new number of entries."""
    index = _size(database)
    database.execute("INSERT INTO log_entries VALUES (?, ?)", [index, envelope])
    hashes = merkle.completed(entry_hash(envelope), index, lambda *node: subtree(database, *node))
    database.conn.executemany(
        "INSERT INTO log_nodes VALUES (?, ?, ?)",
        [(level, index >> level, digest) for level, digest in enumerate(hashes) if level],
    )
    return index + 1


def entry_hash(envelope: str) -> bytes:
    """The leaf of an envelope, which is named by the SHA-256 of its bytes in hex."""
    return merkle.leaf_hash(bytes.fromhex(envelope))


def subtree(database: Database, level: int, position: int) -> bytes:
    """The hash of a complete subtree; raises ``VerificationError`` with code ``log_edited`` where it is gone."""
    query = (
        "SELECT hash FROM log_nodes WHERE level = ? AND position = ?"
        if level
        else "SELECT envelope FROM log_entries WHERE ? = 0 AND position = ?"
    )
    row = database.execute(query, [level, position]).fetchone()
    if row is None:
        raise refusal("log_edited", f"The log's entries around number {position << level} are gone.")
    return bytes(row[0]) if level else entry_hash(row[0])


class _State(NamedTuple):
    size: int
    signed: int
    checkpoint: str | None
    published: int
    aliases: int
    aliases_published: int


class Log:
    """The log of one state home."""

    def __init__(self, home: StateHome, database: Database, keys: KeyStore) -> None:
        self.database = database
        self.keys = keys
        self.folder = home.log
        self.entries = home.log / "entries"
        self.checkpoint = home.log / "checkpoint"
        self.aliases = home.log / "aliases.json"

    def append(self, envelope: str, key: SigningKey) -> None:
        """Add the envelope with this SHA-256, and sign the new checkpoint; inside the transaction that publishes.

        Raises ``VerificationError`` rather than to sign over a log that somebody changed.
        """
        self._require_untouched()
        self._sign(append_entry(self.database, envelope), key)

    def size(self) -> int:
        """How many entries there are."""
        return _size(self.database)

    def catch_up(self) -> None:
        """Copy to disk what was committed and is not there yet; harmless when repeated, by many processes at once.

        Raises ``OSError`` where it cannot be written, and ``VerificationError`` where what was copied before is gone.
        """
        if self._is_caught_up(self._state()):
            return
        make_durable_folder(self.folder)
        with self._locked(fcntl.LOCK_EX):
            self._sign_old_entries()
            state = self._state()
            if (state.signed, state.aliases) == (state.published, state.aliases_published):
                return
            if state.published < state.signed and state.checkpoint is not None:
                self._write_entries(state)
                write_atomic(self.checkpoint, state.checkpoint.encode())
            if state.aliases_published < state.aliases:
                write_aliases(self.aliases, self.database)
            with transaction(self.database):
                self.database.execute(
                    "UPDATE log_state SET published = max(published, ?), aliases_published = max(aliases_published, ?)",
                    [state.signed, state.aliases],
                )

    def prove(self, envelope: str) -> LogProof:
        """Show that an envelope is in the log, as it is in the database, on disk, and under the signed checkpoint.

        Raises ``VerificationError`` with one of the reasons.
        """
        row = self.database.execute("SELECT position FROM log_entries WHERE envelope = ?", [envelope]).fetchone()
        if row is None:
            raise refusal("not_in_log", "The artifact's attestation is not in the log of what was published.")
        index = int(row[0])
        with self._locked(fcntl.LOCK_SH):
            state = self._state()
            checkpoint = self._newest_checkpoint(state)
            if index < state.published:
                self._check_line(index, envelope, state.published)
        if index >= checkpoint.size:
            raise refusal(
                "not_in_log",
                "The artifact's attestation is not under the log's signed checkpoint.",
                f"If it was made by an earlier release, put the signing key back: {self.keys.private}",
            )
        path = merkle.inclusion_path(self.subtree, index, checkpoint.size)
        if merkle.root_of_path(entry_hash(envelope), index, checkpoint.size, path) != checkpoint.root:
            raise refusal("log_edited", "The log's entries are not those under its signed checkpoint.")
        return LogProof(checkpoint.note, index, checkpoint.size, tuple(path))

    def prove_growth(self, old: int, new: int) -> list[bytes]:
        """The RFC 6962 consistency proof that the first ``old`` entries were only added to, up to ``new``."""
        return merkle.consistency_path(self.subtree, old, new)

    def subtree(self, level: int, position: int) -> bytes:
        """The hash of a complete subtree, as the database has it."""
        return subtree(self.database, level, position)

    def lines(self) -> list[str]:
        """The entries on disk, as they stand there; none where there is no regular file that can be read."""
        try:
            with regular_reader(self.entries) as stream:
                return stream.read().decode("ascii", "replace").splitlines()
        except (OSError, InvalidInput):
            return []

    def check_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint, which the database and the disk agree on; ``None`` while nothing was published.

        Raises ``VerificationError`` with one of the reasons.
        """
        with self._locked(fcntl.LOCK_SH):
            state = self._state()
            return self._newest_checkpoint(state) if state.size or state.published else None

    def unchanging(self) -> AbstractContextManager[None]:
        """Hold to read several things on disk that belong together."""
        return self._locked(fcntl.LOCK_SH)

    # --- Below, the lock is held ---

    def _newest_checkpoint(self, state: _State) -> Checkpoint:
        """The committed checkpoint, when it is genuine and the one on disk is it, or is what a crash left behind."""
        trusted = self.keys.trusted()
        if state.checkpoint is None:
            raise refusal("checkpoint_missing", "The log has no signed checkpoint.")
        committed = read_checkpoint(state.checkpoint, trusted)
        if committed.size > state.size:
            raise refusal(
                "log_truncated", f"The log has {state.size} entries; its checkpoint was signed over {committed.size}."
            )
        if not state.published:
            return committed
        note = read_note(self.checkpoint)
        if note is None:
            raise refusal("checkpoint_missing", "The log's signed checkpoint is not on the disk any more.")
        if note == state.checkpoint:
            return committed
        on_disk = read_checkpoint(note, trusted)
        if on_disk.size < state.published:
            raise refusal(
                "checkpoint_rolled_back",
                f"The checkpoint on disk has {on_disk.size} entries; {state.published} were published before.",
            )
        if on_disk.size > state.size:
            raise refusal(
                "log_truncated", f"The database has {state.size} entries of the {on_disk.size} that were published."
            )
        if merkle.root(self.subtree, on_disk.size) != on_disk.root:
            raise refusal("log_edited", "The log's entries are not those under the signed checkpoint on disk.")
        return max(committed, on_disk, key=lambda checkpoint: checkpoint.size)

    def _check_line(self, index: int, envelope: str, published: int) -> None:
        try:
            with regular_reader(self.entries) as stream:
                lines = os.fstat(stream.fileno()).st_size // LINE
                stream.seek(index * LINE)
                line = stream.read(LINE)
        except (OSError, InvalidInput):
            lines, line = 0, b""
        if lines < published:
            raise refusal("log_truncated", f"The log on disk has {lines} entries; {published} were published.")
        if line != f"{envelope}\n".encode():
            raise refusal("log_edited", f"Entry {index} of the log on disk is not the one that was published.")

    def _write_entries(self, state: _State) -> None:
        """Write the entries after those known to be on disk, over whatever a crash may have left there."""
        rows = self.database.execute(
            "SELECT envelope FROM log_entries WHERE position >= ? AND position < ? ORDER BY position",
            [state.published, state.signed],
        ).fetchall()
        descriptor = os.open(self.entries, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as stream:
            if os.fstat(descriptor).st_size < state.published * LINE:
                raise refusal("log_truncated", f"The log on disk has fewer than the {state.published} entries it had.")
            stream.seek(state.published * LINE)
            stream.write("".join(f"{envelope}\n" for (envelope,) in rows).encode())
            stream.truncate()
            os.fsync(descriptor)
        if not state.published:
            fsync_folder(self.folder)

    def _require_untouched(self) -> None:
        """Check that the entries are the signed ones, before a signature over more of them makes them genuine.

        It needs no lock: whoever holds the database's write lock knows that the disk is not ahead of it.
        """
        state = self._state()
        if self._never_signed(state):
            return
        try:
            checkpoint = self._newest_checkpoint(state)
            if checkpoint.size != state.size or merkle.root(self.subtree, state.size) != checkpoint.root:
                raise refusal("log_edited", "The log's entries are not those under its signed checkpoint.")
        except VerificationError as error:
            hint = "See what is wrong, and what mends it, with: modelops registry fsck"
            raise refusal(error.code, f"{error.message} Nothing was published.", hint) from error

    def _never_signed(self, state: _State) -> bool:
        return state.checkpoint is None and not state.published and read_note(self.checkpoint) is None

    def _sign_old_entries(self) -> None:
        """Sign what an earlier release published, when there was no log; never make a key for it."""
        if self._state().size and self._never_signed(self._state()) and self.keys.private.exists():
            with transaction(self.database):
                self._sign(_size(self.database), self.keys.signing_key())

    def _sign(self, size: int, key: SigningKey) -> None:
        note = sign_checkpoint(size, merkle.root(self.subtree, size), key)
        self.database.execute("UPDATE log_state SET signed = ?, checkpoint = ?", [size, note])

    def _state(self) -> _State:
        row = self.database.execute(
            "SELECT (SELECT coalesce(max(position) + 1, 0) FROM log_entries),"
            " signed, checkpoint, published, aliases, aliases_published FROM log_state"
        ).fetchone()
        return _State(*row)

    def _is_caught_up(self, state: _State) -> bool:
        return state.size == state.published and state.aliases == state.aliases_published

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Hold ``log/.lock``: writers alone, readers together, so that nobody reads half of a step."""
        with locked(self.folder / ".lock", how):
            yield


def _size(database: Database) -> int:
    return int(database.execute("SELECT coalesce(max(position) + 1, 0) FROM log_entries").fetchone()[0])
