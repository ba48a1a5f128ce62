"""The registry's tables: an index of what is signed and stored, for finding it. Nothing here is believed unverified."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from modelops.registry.log.log import create_log
from modelops.registry.records import Artifact, Dependency, FileEntry
from modelops.registry.statements import Statement

if TYPE_CHECKING:
    from sqlite_utils import Database

COMPONENT = "registry"

Edge = tuple[str, Dependency]
"""An artifact's digest and one of its inputs."""


def _create(database: Database) -> None:
    for statement in (
        """CREATE TABLE artifacts (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            version INTEGER NOT NULL CHECK (version > 0),
            kind TEXT NOT NULL,
            created TEXT NOT NULL,
            digest TEXT NOT NULL UNIQUE,
            envelope TEXT NOT NULL,
            job TEXT,
            metadata TEXT NOT NULL,
            UNIQUE (name, version)
        ) STRICT""",
        "CREATE INDEX artifacts_kind ON artifacts (kind)",
        "CREATE INDEX artifacts_job ON artifacts (job) WHERE job IS NOT NULL",
        """CREATE TABLE artifact_files (
            artifact INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('file', 'byproduct')),
            path TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            size INTEGER NOT NULL,
            PRIMARY KEY (artifact, role, path)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX artifact_files_sha256 ON artifact_files (sha256)",
        """CREATE TABLE artifact_dependencies (
            artifact INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            uri TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            PRIMARY KEY (artifact, position)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX artifact_dependencies_sha256 ON artifact_dependencies (sha256)",
        """CREATE TABLE aliases (
            name TEXT NOT NULL,
            alias TEXT NOT NULL,
            version INTEGER NOT NULL,
            PRIMARY KEY (name, alias),
            FOREIGN KEY (name, version) REFERENCES artifacts (name, version) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID""",
    ):
        database.execute(statement)


MIGRATIONS = (_create, create_log)

TABLES = ("aliases", "artifact_dependencies", "artifact_files", "artifacts", "log_entries", "log_nodes", "log_state")
"""What the migrations make, in an order in which it can be dropped."""


_SEARCHED = (
    "artifacts.name || ' ' || kind || ' ' || coalesce(job, '') || ' ' || coalesce((SELECT group_concat(alias, ' ')"
    " FROM aliases WHERE aliases.name = artifacts.name AND aliases.version = artifacts.version), '')"
)


class ArtifactIndex:
    """Queries on the registry's tables; each takes as many statements for one artifact as for ten thousand."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def next_version(self, name: str) -> int:
        """One more than the highest version of ``name``; meaningful only inside the transaction that inserts it."""
        return int(self._value("SELECT coalesce(max(version), 0) + 1 FROM artifacts WHERE name = ?", [name]))

    def insert(self, statement: Statement, envelope: str) -> None:
        """Add the rows of a signed statement, whose envelope has the SHA-256 ``envelope``."""
        cursor = self.database.execute(
            "INSERT INTO artifacts (name, version, kind, created, digest, envelope, job, metadata)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                statement.name,
                statement.version,
                statement.kind,
                statement.created,
                statement.digest,
                envelope,
                statement.job,
                json.dumps(statement.metadata, ensure_ascii=False),
            ],
        )
        artifact = cursor.lastrowid
        insert = self.database.conn.executemany
        insert(
            "INSERT INTO artifact_files VALUES (?, ?, ?, ?, ?)",
            [
                (artifact, role, file.path, file.sha256, file.size)
                for role, files in (("file", statement.files), ("byproduct", statement.byproducts))
                for file in files
            ],
        )
        insert(
            "INSERT INTO artifact_dependencies VALUES (?, ?, ?, ?, ?)",
            [
                (artifact, position, dependency.name, dependency.uri, dependency.sha256)
                for position, dependency in enumerate(statement.dependencies)
            ],
        )

    def select(
        self, where: str = "true", parameters: Iterable[Any] = (), limit: int = -1, offset: int = 0
    ) -> list[Artifact]:
        """Artifacts that match a condition on the table ``artifacts``, newest first."""
        columns = "id, name, version, kind, created, digest, job, metadata"
        # Conditions are literals of this package; what comes from outside is a parameter.
        query = f"SELECT {columns} FROM artifacts WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608
        rows = self._rows(query, [*parameters, limit, offset])
        files = self._by_artifact(
            "SELECT artifact, path, sha256, size FROM artifact_files WHERE role = 'file' AND artifact IN"
            " (SELECT value FROM json_each(?)) ORDER BY artifact, path",
            rows,
        )
        aliases = self._by_artifact(
            "SELECT artifacts.id, aliases.alias FROM aliases JOIN artifacts USING (name, version)"
            " WHERE artifacts.id IN (SELECT value FROM json_each(?)) ORDER BY aliases.alias",
            rows,
        )
        return [
            Artifact(
                name=name,
                version=version,
                kind=kind,
                created=created,
                files=tuple(FileEntry(*file) for file in files.get(identity, ())),
                metadata=_metadata(metadata),
                digest=digest,
                job=job,
                aliases=tuple(alias for (alias,) in aliases.get(identity, ())),
            )
            for identity, name, version, kind, created, digest, job, metadata in rows
        ]

    def count(self, where: str, parameters: Iterable[Any] = ()) -> int:
        """How many artifacts match a condition."""
        return int(self._value(f"SELECT count(*) FROM artifacts WHERE {where}", parameters))  # noqa: S608

    def count_by_kind(self, where: str, parameters: Iterable[Any] = ()) -> dict[str, int]:
        """How many artifacts of each kind match a condition."""
        query = f"SELECT kind, count(*) FROM artifacts WHERE {where} GROUP BY kind ORDER BY kind"  # noqa: S608
        return {str(kind): int(count) for kind, count in self._rows(query, parameters)}

    def by_digest(self, digests: Iterable[str]) -> list[Artifact]:
        """The artifacts among these digests."""
        return self.select("digest IN (SELECT value FROM json_each(?))", [json.dumps(list(digests))])

    def envelope(self, artifact: Artifact) -> str:
        """The SHA-256 of an artifact's envelope."""
        return str(
            self._value(
                "SELECT envelope FROM artifacts WHERE name = ? AND version = ?", [artifact.name, artifact.version]
            )
        )

    def dependencies(self, artifact: Artifact) -> tuple[Dependency, ...]:
        """What an artifact was made from, in the order of its statement."""
        rows = self._rows(
            "SELECT d.name, d.uri, d.sha256 FROM artifact_dependencies d JOIN artifacts a ON a.id = d.artifact"
            " WHERE a.name = ? AND a.version = ? ORDER BY d.position",
            [artifact.name, artifact.version],
        )
        return tuple(Dependency(*row) for row in rows)

    def inputs(self, digests: Iterable[str]) -> list[Edge]:
        """What the artifacts with these digests were made from."""
        return self._edges(
            "SELECT a.digest, d.name, d.uri, d.sha256"
            " FROM artifacts a JOIN artifact_dependencies d ON d.artifact = a.id"
            " WHERE a.digest IN (SELECT value FROM json_each(?)) ORDER BY a.id, d.position",
            digests,
        )

    def uses(self, digests: Iterable[str]) -> list[Edge]:
        """What was made from the artifacts, or other inputs, with these digests."""
        return self._edges(
            "SELECT a.digest, d.name, d.uri, d.sha256"
            " FROM artifact_dependencies d JOIN artifacts a ON a.id = d.artifact"
            " WHERE d.sha256 IN (SELECT value FROM json_each(?)) ORDER BY a.id, d.position",
            digests,
        )

    def names(self) -> list[str]:
        """Every artifact name."""
        return [name for (name,) in self._rows("SELECT DISTINCT name FROM artifacts ORDER BY name")]

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Point ``name@alias`` to a version, wherever it pointed before."""
        self.database.execute(
            "INSERT INTO aliases VALUES (?, ?, ?) ON CONFLICT (name, alias) DO UPDATE SET version = excluded.version",
            [name, alias, version],
        )
        self.database.execute("UPDATE log_state SET aliases = aliases + 1")

    def remove_alias(self, name: str, alias: str) -> bool:
        """Forget ``name@alias``; false when there was none."""
        self.database.execute("DELETE FROM aliases WHERE name = ? AND alias = ?", [name, alias])
        removed = int(self._value("SELECT changes()", [])) == 1
        self.database.execute("UPDATE log_state SET aliases = aliases + 1")
        return removed

    def _edges(self, query: str, digests: Iterable[str]) -> list[Edge]:
        rows = self._rows(query, [json.dumps(list(digests))])
        return [(product, Dependency(*dependency)) for product, *dependency in rows]

    def _by_artifact(self, query: str, artifacts: list[Any]) -> dict[int, list[list[Any]]]:
        grouped: dict[int, list[list[Any]]] = {}
        for identity, *row in self._rows(query, [json.dumps([row[0] for row in artifacts])]):
            grouped.setdefault(identity, []).append(row)
        return grouped

    def _rows(self, query: str, parameters: Iterable[Any] = ()) -> list[Any]:
        return list(self.database.execute(query, list(parameters)).fetchall())

    def _value(self, query: str, parameters: Iterable[Any]) -> Any:
        return self.database.execute(query, list(parameters)).fetchone()[0]


def found_by(
    *, kind: str | None = None, name: str | None = None, search: str = "", latest: bool = False
) -> tuple[str, list[Any]]:
    """The condition for :meth:`ArtifactIndex.select`, and the values that are bound in it."""
    given = {"kind = ?": kind, "name = ?": name}
    conditions = [condition for condition, value in given.items() if value is not None]
    values: list[Any] = [value for value in given.values() if value is not None]
    for word in search.lower().split():
        conditions.append(f"instr(lower({_SEARCHED}), ?)")
        values.append(word)
    if latest:
        conditions.append("version = (SELECT max(version) FROM artifacts newer WHERE newer.name = artifacts.name)")
    return " AND ".join(conditions) or "true", values


def _metadata(text: str) -> dict[str, Any]:
    # A row that somebody edited must be refused when it is verified, not break every listing.
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return metadata if isinstance(metadata, dict) else {}
