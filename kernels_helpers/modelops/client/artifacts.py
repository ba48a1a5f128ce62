"""Artifacts as the server tells of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from modelops.client.connection import Connection
from modelops.units import human_bytes


class Artifact:
    """One version of an artifact; ``record`` is what the server said of it."""

    def __init__(self, connection: Connection, record: dict[str, Any]) -> None:
        self._connection = connection
        self.record = record

    def __repr__(self) -> str:
        return f"<Artifact {self.ref} ({self.kind}, {human_bytes(self.record['size'])})>"

    @property
    def ref(self) -> str:
        """The reference that always means exactly this artifact, such as ``support-bot@3``."""
        return str(self.record["ref"])

    @property
    def kind(self) -> str:
        return str(self.record["kind"])

    @property
    def files(self) -> list[dict[str, Any]]:
        """Its files: ``path``, ``sha256`` and ``size``."""
        if "files" not in self.record:  # a list of artifacts tells of none
            self.record = self._connection.get(self._path)
        return list(self.record["files"])

    def verify(self) -> dict[str, Any]:
        """Read every byte and compare it with what was signed: ``{"verified": …}`` with the signer or the problem."""
        return dict(self._connection.post(f"{self._path}/verify"))

    def lineage(self) -> dict[str, Any]:
        """What it was made from and what was made of it: ``nodes`` by digest, and ``edges`` between them."""
        return dict(self._connection.get(f"{self._path}/lineage"))

    def read(self, path: str) -> bytes:
        """The content of one of its files, verified."""
        return self._connection.content(f"{self._path}/files/{quote(path)}")

    def set_alias(self, alias: str) -> None:
        """Let ``alias`` name this version, and no other."""
        version = {"version": self.record["version"]}
        self._connection.put(f"artifacts/{quote(self.record['name'])}/aliases/{quote(alias, safe='')}", version)

    def remove_alias(self, alias: str) -> None:
        """Let ``alias`` name nothing."""
        self._connection.delete(f"artifacts/{quote(self.record['name'])}/aliases/{quote(alias, safe='')}")

    @property
    def _path(self) -> str:
        return f"artifacts/{quote(self.ref)}"


class Artifacts:
    """What is in the registry: ``client.artifacts["support-bot@3"]``, ``client.artifacts.list(kind="adapter")``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"<artifacts of {self._connection.server.url}>"

    def __getitem__(self, ref: str) -> Artifact:
        return self.get(ref)

    def get(self, ref: str) -> Artifact:
        """The artifact that a name, ``name@version`` or ``name@alias`` means now; raises ``NotFound``."""
        return Artifact(self._connection, self._connection.get(f"artifacts/{quote(ref)}"))

    def list(
        self,
        kind: str | None = None,
        *,
        name: str | None = None,
        search: str | None = None,
        latest: bool = False,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Artifact]:
        """Artifacts, the newest first; ``latest`` leaves out all but the last version of each name."""
        query = {"kind": kind, "name": name, "search": search, "latest": "true" if latest else None}
        found = self._connection.get("artifacts", **query, limit=limit, offset=offset)
        return [Artifact(self._connection, record) for record in found["artifacts"]]
