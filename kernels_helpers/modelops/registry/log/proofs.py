"""Proofs of publication: how a stranger sees that an envelope is in the log that a checkpoint was signed over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from modelops.registry.canonical import parse_strictly
from modelops.registry.keys import PublicKey
from modelops.registry.log import merkle
from modelops.registry.log.checkpoints import read_checkpoint
from modelops.registry.reasons import refusal

_MOST_BYTES = 65_536


@dataclass(frozen=True)
class LogProof:
    """An RFC 6962 inclusion proof: entry ``index`` (from 0) of ``size``, and ``path`` up to the signed root."""

    checkpoint: str
    index: int
    size: int
    path: tuple[bytes, ...]


def write_proof(proof: LogProof) -> bytes:
    """The proof as the file ``log-proof.json`` of an export."""
    document = {
        "index": proof.index,
        "size": proof.size,
        "path": [digest.hex() for digest in proof.path],
        "checkpoint": proof.checkpoint,
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def check_proof(content: bytes, envelope: bytes, trusted: Iterable[PublicKey]) -> LogProof:
    """Check a ``log-proof.json`` for an envelope; raises ``VerificationError`` with one of the reasons."""
    try:
        proof = _parse(content)
    except (ValueError, TypeError, KeyError) as error:
        raise refusal("not_in_log", f"The proof that the attestation is in the log cannot be read: {error}.") from error
    checkpoint = read_checkpoint(proof.checkpoint, trusted)
    leaf = merkle.leaf_hash(hashlib.sha256(envelope).digest())
    root = merkle.root_of_path(leaf, proof.index, proof.size, proof.path)
    if (proof.size, root) != (checkpoint.size, checkpoint.root):
        raise refusal("not_in_log", "The proof does not lead from the attestation to the log's signed checkpoint.")
    return proof


def _parse(content: bytes) -> LogProof:
    if len(content) > _MOST_BYTES:
        raise ValueError("it is too long")
    document = parse_strictly(content)
    if not isinstance(document, dict) or set(document) != {"index", "size", "path", "checkpoint"}:
        raise ValueError("its fields are not those of a proof")
    path = tuple(bytes.fromhex(_typed(digest, str)) for digest in _typed(document["path"], list))
    return LogProof(
        _typed(document["checkpoint"], str), _typed(document["index"], int), _typed(document["size"], int), path
    )


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")
    return value
