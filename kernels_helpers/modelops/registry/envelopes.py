"""DSSE envelopes around statements, and where they are stored.

Specification: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey
from securesystemslib.dsse import Envelope

from modelops.files import write_atomic
from modelops.paths import StateHome
from modelops.registry.blobs import make_durable_folder
from modelops.registry.canonical import canonical, parse_strictly
from modelops.registry.keys import PublicKey
from modelops.registry.reasons import refusal

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def sign(payload: bytes, key: SigningKey) -> bytes:
    """The canonical JSON of a DSSE envelope with one Ed25519 signature over ``payload``."""
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    signature = key.sign(envelope.pae()).signature
    key_id = PublicKey(bytes(key.verify_key)).fingerprint
    signatures = [{"keyid": key_id, "sig": base64.standard_b64encode(signature).decode()}]
    return canonical({**envelope.to_dict(), "signatures": signatures})


def open_envelope(content: bytes, trusted: Iterable[PublicKey]) -> tuple[bytes, PublicKey]:
    """The payload of an envelope and the trusted key that signed it; raises ``VerificationError`` with the reason.

    Every trusted key is tried on every signature: a key id is a hint of the signer, so it decides nothing.
    """
    envelope = _parse(content)
    if not envelope.signatures:
        raise refusal("unsigned", "The attestation carries no signature.")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise refusal("wrong_payload_type", f"The attestation's payload type is {envelope.payload_type[:100]!r}.")
    trusted = tuple(trusted)
    signed = envelope.pae()
    for signature in envelope.signatures.values():
        for key in trusted:
            if key.verifies(signed, bytes.fromhex(signature.signature)):
                return envelope.payload, key
    if {key.fingerprint for key in trusted}.isdisjoint(envelope.signatures):
        claimed = next(iter(envelope.signatures))
        raise refusal(
            "unknown_key",
            "The attestation is signed by a key that is not trusted here.",
            f"The signer calls the key {claimed}. If its owner confirms this fingerprint, check with --key PEM, "
            "or save the PEM in the state home's keys/trusted folder.",
            fingerprint=claimed,
        )
    raise refusal(
        "bad_signature",
        "The signature does not match: the attestation was changed, or another key signed it under a trusted name.",
    )


class EnvelopeStore:
    """The envelopes of a state home, each at ``envelopes/<first two digits>/<SHA-256 of its bytes>.json``."""

    def __init__(self, home: StateHome) -> None:
        self.root = home.envelopes

    def path(self, sha256: str) -> Path:
        """Where the envelope with this digest is, or would be."""
        return self.root / sha256[:2] / f"{sha256}.json"

    def add(self, content: bytes) -> str:
        """Store an envelope durably; return the SHA-256 of its bytes."""
        sha256 = hashlib.sha256(content).hexdigest()
        target = self.path(sha256)
        make_durable_folder(target.parent)
        write_atomic(target, content, mode=0o444)
        return sha256

    def read(self, sha256: str) -> bytes:
        """The envelope's bytes; raises ``VerificationError`` when they are gone or not the ones that were stored."""
        try:
            content = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise refusal("envelope_missing", "The artifact's attestation is not stored any more.") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise refusal("envelope_changed", "The artifact's stored attestation was changed.")
        return content


def _parse(content: bytes) -> Envelope:
    try:
        document = parse_strictly(content)
        if set(document) != {"payload", "payloadType", "signatures"} or type(document["payloadType"]) is not str:
            raise ValueError("its fields are not those of a DSSE envelope")
        for signature in document["signatures"]:
            if set(signature) != {"keyid", "sig"} or not re.fullmatch(r"[0-9a-f]{64}", signature["keyid"]):
                raise ValueError("a signature's fields are not those that we write")
        envelope = Envelope.from_dict(document)
        written: Any = envelope.to_dict()
        # Base64 and JSON allow many spellings of one envelope; only the one that we write is read.
        if canonical(written) != content:
            raise ValueError("it is not in canonical form")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise refusal("malformed_envelope", f"The attestation is not an envelope as we write it: {error}.") from error
    return envelope
