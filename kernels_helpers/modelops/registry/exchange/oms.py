"""An OpenSSF Model Signing bundle beside an export, for those who verify models with that tool alone.

Its tool reads ECDSA on NIST curves and no Ed25519, so the bundle is signed by a P-256 sub-key, which the home's own key
certifies. Specification and tool: https://github.com/sigstore/model-transparency
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from securesystemslib.dsse import Envelope

from modelops.errors import Conflict, InvalidInput, VerificationError
from modelops.registry.canonical import canonical, parse_strictly
from modelops.registry.envelopes import PAYLOAD_TYPE, open_envelope, sign
from modelops.registry.keys import KeyStore, PublicKey
from modelops.registry.reasons import refusal
from modelops.registry.records import in_path_order
from modelops.registry.statements import STATEMENT_TYPE, Statement

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

KEY, CERTIFICATION, BUNDLE = "oms-key.pem", "oms-key-attestation.json", "model.sig"

CERTIFICATION_TYPE = "modelops:predicate/sub-key/v1"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIGNATURE_TYPE = "https://model_signing/signature/v1.0"

_GIT = (".git", ".gitattributes", ".github", ".gitignore")  # the tool passes these over unless it is told otherwise


def write_bundle(keys: KeyStore, statement: Statement, signer: PublicKey) -> dict[str, bytes]:
    """The files to put beside ``files/``: the bundle, its key, and the certification of that key.

    Raises ``Conflict`` with code ``not_the_signer`` for an artifact that another home signed: who vouches for a
    bundle is who vouched for the artifact.
    """
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    own = keys.signing_key()
    if PublicKey(bytes(own.verify_key)) != signer:
        raise Conflict(
            "not_the_signer",
            f"{statement.artifact().ref} was signed in another state home, which alone can sign its OpenSSF bundle.",
            "Export it without --oms, or ask its owner for an export with it.",
        )
    path = keys.folder / "oms.pem"
    try:
        key = serialization.load_pem_private_key(keys.private_pem(path, _new_key), None)
    except ValueError as error:
        raise _no_key(path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _no_key(path)
    public, payload = key.public_key(), _payload(statement)
    signature = key.sign(Envelope(payload, PAYLOAD_TYPE, {}).pae(), ec.ECDSA(hashes.SHA256()))
    return {
        KEY: _public_pem(public),
        CERTIFICATION: sign(_certification(public), own),
        BUNDLE: canonical(_bundle(public, payload, signature)),
    }


def check_bundle(folder: Path, statement: Statement, signer: PublicKey) -> None:
    """Check the bundle of an export, if it has one: the artifact's signer certifies its key, which signed the files.

    Raises ``VerificationError`` with code ``uncertified_key`` or ``bundle_mismatch``.
    """
    if not any((folder / name).exists() for name in (KEY, CERTIFICATION, BUNDLE)):
        return
    try:
        pem, certification, bundle = ((folder / name).read_bytes() for name in (KEY, CERTIFICATION, BUNDLE))
    except OSError as error:
        raise refusal("bundle_mismatch", f"The OpenSSF bundle is not whole: {error}.") from error
    public = _certified_key(pem, certification, signer)
    try:
        signature = base64.b64decode(parse_strictly(bundle)["dsseEnvelope"]["signatures"][0]["sig"], validate=True)
    except (ValueError, TypeError, KeyError, IndexError, binascii.Error) as error:
        raise refusal("bundle_mismatch", f"{BUNDLE} is not a bundle as we write it.") from error
    payload = _payload(statement)
    # One form for one signature, as with envelopes: there is nothing else to read in it.
    if canonical(_bundle(public, payload, signature)) != bundle or not _verifies(public, payload, signature):
        raise refusal("bundle_mismatch", f"{BUNDLE} is not the signature of {KEY} over the artifact's files.")


def _certified_key(pem: bytes, certification: bytes, signer: PublicKey) -> EllipticCurvePublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        public = load_pem_public_key(pem)
        if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
            raise ValueError("it is not a P-256 key")
        payload, _ = open_envelope(certification, [signer])
    except (ValueError, UnsupportedAlgorithm, VerificationError) as error:
        raise refusal("uncertified_key", f"{KEY} is not certified by the artifact's signer: {error}") from error
    if payload != _certification(public) or pem != _public_pem(public):
        raise refusal("uncertified_key", f"{CERTIFICATION} does not certify {KEY}.")
    return public


def _verifies(public: EllipticCurvePublicKey, payload: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        public.verify(signature, Envelope(payload, PAYLOAD_TYPE, {}).pae(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _certification(public: EllipticCurvePublicKey) -> bytes:
    """The statement that makes a key a sub-key; its subject is the SHA-256 of the key's SubjectPublicKeyInfo (DER)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": "SubjectPublicKeyInfo", "digest": {"sha256": hashlib.sha256(der).hexdigest()}}],
            "predicateType": CERTIFICATION_TYPE,
            "predicate": {"algorithm": "ecdsa-p256-sha256", "purpose": SIGNATURE_TYPE},
        }
    )


def _payload(statement: Statement) -> bytes:
    """The statement that the tool reads: every file's digest, and one digest over them all in this order."""
    covered = [file for file in in_path_order(statement.files) if file.path.split("/")[0] not in _GIT]
    root = hashlib.sha256(b"".join(bytes.fromhex(file.sha256) for file in covered)).hexdigest()
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": statement.name, "digest": {"sha256": root}}],
            "predicateType": SIGNATURE_TYPE,
            "predicate": {
                "serialization": {
                    "method": "files",
                    "hash_type": "sha256",
                    "allow_symlinks": False,
                    "ignore_paths": list(_GIT),
                },
                "resources": [{"name": file.path, "algorithm": "sha256", "digest": file.sha256} for file in covered],
            },
        }
    )


def _bundle(public: EllipticCurvePublicKey, payload: bytes, signature: bytes) -> dict[str, Any]:
    return {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {
            "publicKey": {"hint": hashlib.sha256(_public_pem(public)).hexdigest()},
            "tlogEntries": [],
        },
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }


def _public_pem(public: EllipticCurvePublicKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _new_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _no_key(path: Path) -> InvalidInput:
    return InvalidInput(
        "malformed_key",
        f"{path} is not an elliptic-curve private key in PEM form.",
        "Remove it: the next export makes a new one, and certifies it.",
        path=str(path),
    )
