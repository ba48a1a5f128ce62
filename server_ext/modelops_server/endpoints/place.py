"""The folder of an endpoint, and who may change what in it."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modelops.files import write_atomic
from modelops.names import check_name
from modelops.paths import StateHome
from modelops.registry.locks import locked
from modelops_server.endpoints.spec import EndpointSpec
from modelops_server.endpoints.status import Status


@dataclass(frozen=True)
class Place:
    """``endpoints/<name>`` in the state home; only its owner can enter it."""

    home: StateHome
    name: str

    @classmethod
    def of(cls, home: StateHome, name: str) -> Place:
        """The place of the endpoint called ``name``; raises ``InvalidInput`` for what cannot be a name."""
        return cls(home, check_name(name, "endpoint name"))

    @property
    def folder(self) -> Path:
        return self.home.endpoints / self.name

    @property
    def log(self) -> Path:
        """What keeper and engine say."""
        return self.folder / "log.txt"

    @property
    def lock(self) -> Path:
        """Held by the keeper as long as it lives."""
        return self.folder / "keeper.lock"

    @property
    def used(self) -> Path:
        """Touched when a request begins, goes on and ends."""
        return self.folder / "used"

    @property
    def mark(self) -> str:
        """What every process of the endpoint carries in its environment, by which what was left of it is found."""
        return "endpoint-" + hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]

    @property
    def files(self) -> tuple[Path, Path]:
        """What was asked for, and what the keeper said last; each is replaced as a whole."""
        return self.folder / "spec.json", self.folder / "status.json"

    @contextmanager
    def managed(self) -> Iterator[None]:
        """Hold while the endpoint is started, stopped, changed or removed: one process does at a time."""
        with locked(self.home.endpoints / f".{self.name}.lock", fcntl.LOCK_EX):
            yield

    def spec(self) -> EndpointSpec:
        """What was asked for; raises ``FileNotFoundError`` where there is no endpoint, ``ValueError`` for damage."""
        return EndpointSpec.model_validate_json(self.files[0].read_bytes())

    def write_spec(self, spec: EndpointSpec) -> None:
        """Keep what is asked for."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomic(self.files[0], spec.model_dump_json(indent=2).encode(), mode=0o600)

    def status(self) -> Status:
        """What the keeper said last; raises as :meth:`spec` does."""
        return Status.model_validate_json(self.files[1].read_bytes())

    def write_status(self, status: Status) -> None:
        """Say how the endpoint is: the keeper, or who holds its lock because there is none."""
        write_atomic(self.files[1], status.model_dump_json(indent=2).encode(), mode=0o600)
