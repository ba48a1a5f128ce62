"""A registry with one signed adapter in it, and somebody who can write to everything but the private key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.registry.canonical import canonical
from modelops.registry.database import transaction
from modelops.registry.envelopes import sign
from modelops.registry.log import merkle
from modelops.registry.log.checkpoints import sign_checkpoint

FILES = {
    "adapter_config.json": b'{"r": 16}',
    "adapter_model.safetensors": bytes(range(256)) * 40,
    "docs/card.md": b"hi",
}


class Intruder:
    """Changes blobs, envelopes and rows behind the registry's back."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def sql(self, statement: str, *parameters: Any) -> None:
        self.registry.database.execute(statement, parameters)

    def blob(self, ref: str, path: str) -> Path:
        """Where the content of a file is, made writable."""
        digest = next(file.sha256 for file in self.registry.get(ref).files if file.path == path)
        blob = self.registry.blobs.path(digest)
        blob.chmod(0o600)
        return blob

    def envelope(self, ref: str) -> Path:
        path = self.registry.envelopes.path(self.registry.index.envelope(self.registry.get(ref)))
        path.chmod(0o600)
        return path

    def replace_envelope(self, ref: str, content: bytes) -> None:
        """Store another envelope and let the artifact's row name it."""
        artifact = self.registry.get(ref)
        sha256 = self.registry.envelopes.add(content)
        self.sql(
            "UPDATE artifacts SET envelope = ? WHERE name = ? AND version = ?", sha256, artifact.name, artifact.version
        )

    def enter_in_log(self, ref: str) -> None:
        """Publish an artifact's envelope, as only the signing key can."""
        with transaction(self.registry.database):
            self.registry.log.append(
                self.registry.index.envelope(self.registry.get(ref)), self.registry.keys.signing_key()
            )
        self.registry.catch_up()

    def checkpoint(self, size: int, root: bytes | None = None, key: SigningKey | None = None) -> str:
        """A checkpoint over the first entries, validly signed."""
        real = merkle.root(self.registry.log.subtree, size)
        return sign_checkpoint(size, root or real, key or self.registry.keys.signing_key())

    def edit_envelope(self, ref: str, edit: Callable[[dict[str, Any]], None]) -> None:
        document = json.loads(self.registry.attestation(ref))
        edit(document)
        self.replace_envelope(ref, canonical(document))

    def payload(self, ref: str) -> bytes:
        return base64.b64decode(json.loads(self.registry.attestation(ref))["payload"])

    def sign(self, ref: str, payload: bytes, key: SigningKey | None = None) -> None:
        """Replace the envelope by one that is validly signed, by the registry's own key if no other is given."""
        self.replace_envelope(ref, sign(payload, key or self.registry.keys.signing_key()))

    def edit_statement(self, ref: str, edit: Callable[[dict[str, Any]], None]) -> None:
        statement = json.loads(self.payload(ref))
        edit(statement)
        self.sign(ref, canonical(statement))


@pytest.fixture
def registry(home: StateHome) -> Registry:
    return Registry(home)


@pytest.fixture
def build() -> Build:
    return Build("job", {"rank": 16, "learning_rate": 2e-4, "seed": 42}, (Dependency("template", "t:sft", "0" * 64),))


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write files into a new folder."""
    made: list[Path] = []

    def make(files: dict[str, bytes] = FILES) -> Path:
        folder = tmp_path / f"outputs-{len(made)}"
        made.append(folder)
        folder.mkdir()
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder

    return make


@pytest.fixture
def register(registry: Registry, build: Build, make_folder: Callable[..., Path]) -> Callable[..., Artifact]:
    """Register files under a name, by default those of a small adapter."""

    def make(
        name: str = "support-bot", files: dict[str, bytes] = FILES, kind: str = "adapter", **overrides: Any
    ) -> Artifact:
        metadata = overrides.pop("metadata", {"method": "lora", "eval_loss": 2.25})
        made_by = Build(**{**vars(build), **overrides})
        return registry.register(make_folder(files), name=name, kind=kind, metadata=metadata, build=made_by)

    return make


@pytest.fixture
def adapter(register: Callable[..., Artifact]) -> Artifact:
    return register()


@pytest.fixture
def intruder(registry: Registry) -> Intruder:
    return Intruder(registry)


@pytest.fixture
def in_transaction(registry: Registry) -> Any:
    return transaction(registry.database)
