"""Checking a whole registry: every row has its envelope, entry and files, and nothing says what was not signed."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from modelops.errors import ModelOpsError, Unavailable, VerificationError
from modelops.paths import StateHome
from modelops.registry import verification
from modelops.registry.aliases import aliases_in, read_aliases
from modelops.registry.log import merkle
from modelops.registry.log.log import entry_hash
from modelops.registry.records import Artifact, FileEntry
from modelops.registry.registry import Registry
from modelops.registry.upkeep.findings import COLLECT, REBUILD, Finding, Progress, quietly
from modelops.registry.upkeep.gc import find_garbage
from modelops.registry.upkeep.growth import exported_checkpoint, growth

_PAGE = 200


@dataclass(frozen=True)
class Report:
    """What was checked, and what was found."""

    artifacts: int
    files: int
    entries: int
    bytes_read: int
    findings: tuple[Finding, ...]
    grown_from: int | None = None
    """How many entries of an earlier checkpoint the log was shown to begin with; ``None`` where it was not."""

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that are wrong, without those that only take space."""
        return tuple(finding for finding in self.findings if finding.severity == "problem")

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {**vars(self), "ok": not self.problems, "findings": [finding.as_json() for finding in self.findings]}


def fsck(
    home: StateHome, *, read_data: bool = False, against: Path | None = None, progress: Progress = quietly
) -> Report:
    """Check everything that can be checked; with ``read_data`` also the SHA-256 of every file.

    With ``against``, an exported folder or archive, also that the log only grew since: see
    :func:`~modelops.registry.upkeep.growth.exported_checkpoint` for what is raised where that tells nothing.

    What a crash kept from being copied to the log on disk is copied first. Raises ``Conflict`` for a database of a
    newer release; a damaged one is a finding.
    """
    try:
        registry = Registry(home)
        findings = dict.fromkeys(_database(registry))
    except Unavailable as error:
        if error.code != "database_corrupt":
            raise
        findings = {Finding("database_corrupt", "modelops.db", error.message, REBUILD): None}
    if findings:
        return Report(0, 0, 0, 0, tuple(findings))
    findings.update(dict.fromkeys([*_keys(registry), *_behind(registry)]))
    judged = not any(finding.code == "malformed_key" for finding in findings)
    earlier = exported_checkpoint(against, registry.keys.trusted()) if against is not None and judged else None
    grown_from: int | None = None
    try:
        # One state of the database for all checks, whatever is published meanwhile, and no log on disk ahead of it.
        with registry.log.unchanging():
            registry.database.execute("BEGIN")
            files = _files(registry)
            if judged:
                about_log = [*_log(registry)]
                if earlier is not None and not about_log:
                    about_log = [*growth(registry, earlier)]
                    grown_from = None if about_log else earlier.size
                findings.update(dict.fromkeys([*about_log, *_aliases(registry)]))
        if judged:
            findings.update(dict.fromkeys(_artifacts(registry, progress)))
        findings.update(dict.fromkeys(_contents(registry, files, read_data, progress)))
        findings.update(dict.fromkeys(_leftovers(registry)))
        (count,) = registry.database.execute("SELECT count(*) FROM artifacts").fetchone()
        size = sum(entry.size for _, entry in files.values())
        read = size if read_data else 0
        return Report(count, len(files), registry.log.size(), read, tuple(findings), grown_from)
    finally:
        if registry.database.conn.in_transaction:
            registry.database.execute("ROLLBACK")


def _database(registry: Registry) -> Iterator[Finding]:
    for (verdict,) in registry.database.execute("PRAGMA integrity_check(10)").fetchall():
        if verdict != "ok":
            yield Finding("database_corrupt", "modelops.db", f"SQLite says: {verdict}.", REBUILD)
    for table, row, parent, _ in registry.database.execute("PRAGMA foreign_key_check").fetchall():
        message = f"Row {row} of {table} belongs to a row of {parent} that is not there."
        yield Finding("row_without_parent", f"modelops.db {table}", message, REBUILD)


def _keys(registry: Registry) -> Iterator[Finding]:
    keys = registry.keys
    for check in (keys.signing_key if os.path.lexists(keys.private) else None, keys.trusted):
        try:
            if check is not None:
                check()
        except ModelOpsError as error:
            yield Finding(error.code, str(keys.folder), error.message, error.hint)


def _behind(registry: Registry) -> Iterator[Finding]:
    """Whether the log on disk can be brought up to the database; what tampering keeps from it is found by ``_log``."""
    log = registry.log
    try:
        log.catch_up()
    except (OSError, sqlite3.Error, Unavailable) as error:
        mend = f"chmod u+rwX {log.folder} && df -h {log.folder}"
        yield Finding("log_behind", str(log.folder), f"The log on disk cannot be written: {error}.", mend)
    except ModelOpsError:
        return


def _log(registry: Registry) -> Iterator[Finding]:
    log, database = registry.log, registry.database
    entries = [entry for (entry,) in database.execute("SELECT envelope FROM log_entries ORDER BY position").fetchall()]
    if len(entries) != log.size():
        yield Finding("log_edited", "modelops.db log_entries", "Entries in the middle of the log are gone.", REBUILD)
        return
    rows = database.execute("SELECT level, position, hash FROM log_nodes").fetchall()
    stored = {(level, position): digest for level, position, digest in rows}
    if stored != _nodes(entries):
        yield Finding("log_edited", "modelops.db log_nodes", "The log's hashes are not those of its entries.", REBUILD)
        return
    try:
        checkpoint = log.check_checkpoint()
    except VerificationError as error:
        yield Finding(error.code, str(log.checkpoint), error.message, REBUILD)
        checkpoint = None
    if checkpoint is not None and checkpoint.size < len(entries):
        message = f"{len(entries) - checkpoint.size} entries stand behind those under the signed checkpoint."
        yield Finding("log_edited", "modelops.db log_entries", message, REBUILD)
    elif checkpoint is not None and merkle.root(log.subtree, checkpoint.size) != checkpoint.root:
        message = "The log's entries are not those under its signed checkpoint."
        yield Finding("log_edited", "modelops.db log_entries", message, REBUILD)
    (published,) = database.execute("SELECT published FROM log_state").fetchone()
    yield from _entries_on_disk(registry, entries[:published], log.lines())
    orphans = "SELECT position FROM log_entries WHERE envelope NOT IN (SELECT envelope FROM artifacts)"
    for (position,) in database.execute(orphans).fetchall():
        message = f"Entry {position} of the log is an artifact that the database does not have."
        yield Finding("artifact_missing", f"log entry {position}", message, REBUILD)


def _nodes(entries: list[str]) -> dict[tuple[int, int], bytes]:
    nodes: dict[tuple[int, int], bytes] = {}
    leaves = [entry_hash(entry) for entry in entries]
    for index, leaf in enumerate(leaves):
        hashes = merkle.completed(
            leaf, index, lambda level, position: nodes[level, position] if level else leaves[position]
        )
        nodes.update({(level, index >> level): digest for level, digest in enumerate(hashes) if level})
    return nodes


def _entries_on_disk(registry: Registry, published: list[str], lines: list[str]) -> Iterator[Finding]:
    path = str(registry.log.entries)
    for position, (entry, line) in enumerate(zip(published, lines, strict=False)):
        if entry != line:
            message = f"Entry {position} of the log on disk is not the one that was published."
            yield Finding("log_edited", path, message, REBUILD)
            return
    if len(lines) < len(published):
        message = f"The log on disk has {len(lines)} entries; {len(published)} were published."
        yield Finding("log_truncated", path, message, REBUILD)
    elif len(lines) > registry.log.size():
        message = "The log on disk has entries that were never published."
        yield Finding("log_edited", path, message, REBUILD)


def _artifacts(registry: Registry, progress: Progress) -> Iterator[Finding]:
    (total,) = registry.database.execute("SELECT count(*) FROM artifacts").fetchone()
    for offset in range(0, total, _PAGE):
        for number, artifact in enumerate(registry.list(limit=_PAGE, offset=offset), offset + 1):
            progress("Checking signatures", number, total)
            try:
                registry.signed(artifact)
            except VerificationError as error:
                if error.code == "not_in_log" or not ("log" in error.code or "checkpoint" in error.code):
                    yield Finding(error.code, artifact.ref, error.message, _mend(artifact, error))


def _mend(artifact: Artifact, error: VerificationError) -> str:
    if error.code in {"record_mismatch", "wrong_artifact", "file_mismatch", "missing_file", "unexpected_file"}:
        return REBUILD  # what was signed is still there; only the rows are wrong
    return f"restore the state home from a backup, or make {artifact.name} again"


def _files(registry: Registry) -> dict[str, tuple[str, FileEntry]]:
    """Each stored content once, with the first artifact that it belongs to."""
    rows = registry.database.execute(
        "SELECT name || '@' || version, path, sha256, size FROM artifact_files JOIN artifacts ON id = artifact"
        " ORDER BY id DESC"
    ).fetchall()
    return {sha256: (ref, FileEntry(path, sha256, size)) for ref, path, sha256, size in rows}


def _contents(
    registry: Registry, files: dict[str, tuple[str, FileEntry]], read_data: bool, progress: Progress
) -> Iterator[Finding]:
    """Threads help: hashing and reading let go of the interpreter."""
    doing = "Reading files" if read_data else "Checking files"
    check = partial(_content, registry, read_data)
    total = sum(entry.size for _, entry in files.values()) if read_data else len(files)
    done = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (ref, entry), error in zip(files.values(), pool.map(check, files.values()), strict=True):
            done += entry.size if read_data else 1
            progress(doing, done, total)
            if error is not None:
                mend = f"register the same content again, or restore {registry.blobs.path(entry.sha256)} from a backup"
                yield Finding(error.code, f"{ref} {entry.path}", error.message, mend)


def _content(registry: Registry, read_data: bool, file: tuple[str, FileEntry]) -> ModelOpsError | None:
    entry = file[1]
    blob = registry.blobs.path(entry.sha256)
    try:
        status = blob.lstat()
    except FileNotFoundError:
        return VerificationError("missing_blob", f"The content of {entry.path!r} is gone.")
    if not stat.S_ISREG(status.st_mode):
        return VerificationError("not_a_regular_file", f"{entry.path!r} is a link or a special file.")
    if status.st_size != entry.size:
        return VerificationError("size_mismatch", f"{entry.path!r} has {status.st_size} bytes, not {entry.size}.")
    if read_data:
        try:
            verification.check_content(blob, entry)
        except ModelOpsError as error:
            return error
    return None


def _aliases(registry: Registry) -> Iterator[Finding]:
    aliases = aliases_in(registry.database)
    changes, published = registry.database.execute("SELECT aliases, aliases_published FROM log_state").fetchone()
    on_disk = read_aliases(registry.log.aliases)
    if not 0 < changes == published or on_disk == aliases:
        return
    what = str(registry.log.aliases)
    if on_disk is not None:
        yield Finding("aliases_differ", what, "The aliases on disk are not those in the database.", REBUILD)
    else:  # setting any alias writes all of them
        again = "set any alias"
        for name, alias, version in aliases[:1]:
            again = f"modelops artifacts alias {name}@{version} {alias}"
        message = "The file with the aliases is gone or garbled; a rebuilt database would have none."
        yield Finding("aliases_differ", what, message, again)


def _leftovers(registry: Registry) -> Iterator[Finding]:
    garbage = find_garbage(registry)
    if garbage:
        size = sum(item.size for item in garbage)
        message = f"{len(garbage)} files of {size} bytes in total belong to nothing any more."
        yield Finding("leftovers", str(registry.home.root), message, COLLECT, "leftover")
