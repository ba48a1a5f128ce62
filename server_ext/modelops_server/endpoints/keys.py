"""Keys by which somebody without a login may use one endpoint; only their digests are kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from modelops.errors import NotFound
from modelops.files import write_atomic
from modelops.names import check_name
from modelops.paths import StateHome
from modelops_server.endpoints.endpoint import find
from modelops_server.endpoints.place import Place

PREFIX = "sk-modelops-"
"""How a key begins, by which it is told from a Jupyter token."""


class AccessKey(BaseModel):
    """A key that was given away."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str
    """What its owner calls it."""
    sha256: str
    created: str


_KEYS = TypeAdapter(tuple[AccessKey, ...])


def create_key(home: StateHome, name: str, key_id: str) -> str:
    """A new key to the endpoint ``name``; it is shown this once. A key of the same id no longer works."""
    place = find(home, name).place
    check_name(key_id, "key name")
    key = f"{PREFIX}{secrets.token_urlsafe(32)}"
    with place.managed():
        kept = [known for known in _read(place) if known.id != key_id]
        created = datetime.now(UTC).isoformat(timespec="seconds")
        _write(place, (*kept, AccessKey(id=key_id, sha256=_digest(key), created=created)))
    return key


def revoke_key(home: StateHome, name: str, key_id: str) -> None:
    """Let a key work no longer; raises ``NotFound``."""
    place = find(home, name).place
    with place.managed():
        keys = _read(place)
        if all(known.id != key_id for known in keys):
            raise NotFound("unknown_key", f"{name} has no key {key_id[:100]!r}.", "See its keys first.")
        _write(place, tuple(known for known in keys if known.id != key_id))


def list_keys(home: StateHome, name: str) -> tuple[AccessKey, ...]:
    """The keys to an endpoint, without what they are."""
    return _read(find(home, name).place)


def opened_by(home: StateHome, key: str) -> tuple[str, str] | None:
    """The name of the endpoint that a key opens, and the key's id; ``None`` for a key that opens none."""
    digest = _digest(key)
    for folder in sorted(home.endpoints.glob("[!.]*")):
        for known in _read(Place(home, folder.name)):
            if secrets.compare_digest(known.sha256, digest):
                return folder.name, known.id
    return None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _file(place: Place) -> Path:
    return place.folder / "keys.json"


def _read(place: Place) -> tuple[AccessKey, ...]:
    try:
        return _KEYS.validate_json(_file(place).read_bytes(), strict=False)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return ()


def _write(place: Place, keys: tuple[AccessKey, ...]) -> None:
    write_atomic(_file(place), _KEYS.dump_json(keys, indent=2), mode=0o600)
