"""What the registry speaks of: artifacts, their files, and the build that made them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from modelops.names import ArtifactKind

KINDS: tuple[ArtifactKind, ...] = get_args(ArtifactKind)
"""What an artifact can be."""


@dataclass(frozen=True)
class FileEntry:
    """One file of an artifact: its POSIX path inside it, the SHA-256 of its content in hex, its size in bytes."""

    path: str
    sha256: str
    size: int


def in_path_order(files: Iterable[FileEntry]) -> tuple[FileEntry, ...]:
    """Files in the order in which they are signed, checked and listed."""
    return tuple(sorted(files, key=lambda file: file.path))


@dataclass(frozen=True)
class Dependency:
    """One input of a build: its role, where it came from, and the SHA-256 of what was used.

    ``uri`` is ``modelops:artifact/<name>@<version>`` for an artifact, whose ``sha256`` is its ``digest``;
    otherwise ``modelops:template/<name>``, ``pkg:pypi/<package>@<version>`` or ``file:<name>``.
    """

    name: str
    uri: str
    sha256: str


@dataclass(frozen=True)
class Build:
    """What made an artifact from what; it becomes the SLSA provenance of the signed statement.

    ``build_type`` is a word such as ``job`` or ``import``, ``invocation`` the id of the job, and ``byproducts`` are
    stored files that belong to the record but not to the artifact, such as the executed notebook.
    """

    build_type: str
    parameters: dict[str, Any]
    dependencies: tuple[Dependency, ...]
    invocation: str | None = None
    started: datetime | None = None
    finished: datetime | None = None
    byproducts: tuple[FileEntry, ...] = ()


@dataclass(frozen=True)
class Artifact:
    """An immutable, named and numbered set of files.

    ``digest`` is the SHA-256 of the signed statement, ``created`` an RFC 3339 time in UTC. ``metadata`` is what was
    signed: its floats and seeds are text.
    """

    name: str
    version: int
    kind: str
    created: str
    files: tuple[FileEntry, ...]
    metadata: dict[str, Any]
    digest: str
    job: str | None
    aliases: tuple[str, ...]

    @property
    def ref(self) -> str:
        """The reference that always names exactly this artifact, such as ``support-bot@3``."""
        return f"{self.name}@{self.version}"

    @property
    def uri(self) -> str:
        """How a :class:`Dependency` names this artifact."""
        return f"{ARTIFACT_URI}{self.ref}"

    @property
    def size(self) -> int:
        """Bytes of all its files together."""
        return sum(file.size for file in self.files)

    @property
    def rejected(self) -> tuple[str, ...]:
        """Why the gate of the job that made it did not let it pass, in sentences; empty where it did, or none asked."""
        gate = self.metadata.get("gate")
        if not isinstance(gate, dict) or gate.get("verdict") in {None, "passed"}:
            return ()
        reasons = gate.get("reasons")
        return tuple(map(str, reasons)) if isinstance(reasons, list) and reasons else ("It did not pass its gate.",)

    def as_dependency(self, name: str) -> Dependency:
        """This artifact as an input of a build, in the role ``name``."""
        return Dependency(name, self.uri, self.digest)

    def as_json(self) -> dict[str, Any]:
        """The artifact as a JSON object."""
        return {
            "ref": self.ref,
            "name": self.name,
            "version": self.version,
            "kind": self.kind,
            "created": self.created,
            "size": self.size,
            "digest": self.digest,
            "job": self.job,
            "aliases": list(self.aliases),
            "rejected": list(self.rejected),
            "files": [{"path": file.path, "sha256": file.sha256, "size": file.size} for file in self.files],
            "metadata": self.metadata,
        }


ARTIFACT_URI = "modelops:artifact/"
"""Beginning of the URI of every artifact."""
