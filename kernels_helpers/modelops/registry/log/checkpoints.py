"""Checkpoints: what a log says of itself, its size and its root, as a signed note.

Specifications: https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey

from modelops.errors import InvalidInput
from modelops.registry.blobs import regular_reader
from modelops.registry.keys import PublicKey
from modelops.registry.reasons import refusal

_ED25519 = b"\x01"
_NOTE = re.compile(r"(?P<text>(?P<origin>[^ +\n]+)\n(?P<size>0|[1-9][0-9]{0,17})\n(?P<root>[A-Za-z0-9+/]{43}=)\n)\n")
_SIGNATURE = re.compile(r"— (?P<name>[^ +\n]+) (?P<signature>[A-Za-z0-9+/]+={0,2})\n")
_MOST_BYTES = 16_384


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose signature was checked: the log's name, how many entries it has, and the root over them."""

    origin: str
    size: int
    root: bytes
    note: str


def origin(key: PublicKey) -> str:
    """The name of the log that a key signs: one key, one log."""
    return f"modelops/{key.fingerprint}"


def sign_checkpoint(size: int, root: bytes, key: SigningKey) -> str:
    """The signed note that says: the log of this key has ``size`` entries with this root."""
    public = PublicKey(bytes(key.verify_key))
    name = origin(public)
    text = f"{name}\n{size}\n{base64.b64encode(root).decode()}\n"
    signature = key_id(name, public) + key.sign(text.encode()).signature
    return f"{text}\n— {name} {base64.b64encode(signature).decode()}\n"


def read_checkpoint(note: str, trusted: Iterable[PublicKey]) -> Checkpoint:
    """Check a note's form and signature; raises ``VerificationError`` with code ``checkpoint_forged``.

    The key that signs is the one that the log is named for; signatures of others, such as witnesses, are passed over.
    """
    head = _NOTE.match(note) if len(note) <= _MOST_BYTES else None
    if head is None:
        raise _forged("The log's checkpoint is not a signed note of a log's size and root.")
    lines = note[head.end() :].splitlines(keepends=True)
    signatures = [_SIGNATURE.fullmatch(line) for line in lines]
    if not signatures or None in signatures:
        raise _forged("The log's checkpoint has no signature, or one that cannot be read.")
    for key in trusted:
        name = origin(key)
        if head["origin"] != name:
            continue
        for line in signatures:
            if line is not None and line["name"] == name and signs(head["text"], line["signature"], name, key):
                return Checkpoint(name, int(head["size"]), base64.b64decode(head["root"]), note)
    raise _forged("No trusted key has signed the log's checkpoint.")


def read_note(path: Path) -> str | None:
    """The text of a checkpoint on disk, unchecked; ``None`` where there is no regular file that can be read."""
    try:
        with regular_reader(path) as stream:
            return stream.read(_MOST_BYTES + 1).decode("utf-8", "replace")
    except (OSError, InvalidInput):
        return None


def key_id(name: str, key: PublicKey) -> bytes:
    """The four bytes by which a signed note tells apart the keys of one name."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.raw).digest()[:4]


def signs(text: str, signature: str, name: str, key: PublicKey) -> bool:
    """Whether a signature line's base64 is that of a key, by its name, over a note's text."""
    try:
        content = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return content[:4] == key_id(name, key) and key.verifies(text.encode(), content[4:])


def _forged(message: str) -> Exception:
    return refusal("checkpoint_forged", message)
