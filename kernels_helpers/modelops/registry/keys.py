"""Ed25519 keys: the one that signs, made once and kept private, and the ones that are trusted."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from modelops.errors import InvalidInput, NotFound, Unavailable
from modelops.files import fsync_folder, write_atomic
from modelops.paths import StateHome
from modelops.registry.blobs import make_durable_folder

# RFC 8410: the DER of an Ed25519 key is one of these, followed by 32 bytes.
_PUBLIC_DER = bytes.fromhex("302a300506032b6570032100")
_PRIVATE_DER = bytes.fromhex("302e020100300506032b657004220420")


@dataclass(frozen=True)
class PublicKey:
    """A public Ed25519 key of 32 bytes."""

    raw: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hex of the key's DER; what two people compare, and the key id in envelopes."""
        return hashlib.sha256(_PUBLIC_DER + self.raw).hexdigest()

    def pem(self) -> bytes:
        """The key as SubjectPublicKeyInfo PEM, which openssl reads."""
        return _pem("PUBLIC KEY", _PUBLIC_DER + self.raw)

    @classmethod
    def from_pem(cls, pem: bytes, source: str) -> PublicKey:
        """Read a PEM from ``source`` (for the message); raises ``InvalidInput`` with code ``malformed_key``."""
        return cls(_key_bytes(pem, "PUBLIC KEY", _PUBLIC_DER, source))

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is this key's over ``message``."""
        try:
            VerifyKey(self.raw).verify(message, signature)
        except (BadSignatureError, ValueError):
            return False
        return True


class KeyStore:
    """The keys of a state home: ``keys/signing.pem`` (private), ``keys/signing.pub.pem``, ``keys/trusted/*.pem``."""

    def __init__(self, home: StateHome) -> None:
        self.folder = home.keys
        self.private = home.keys / "signing.pem"
        self.public = home.keys / "signing.pub.pem"
        self.trusted_folder = home.keys / "trusted"

    def signing_key(self) -> SigningKey:
        """The private key, made on first use.

        Raises ``Unavailable`` with code ``private_key_exposed`` when others could read it, or ``key_mismatch`` when
        the public key beside it belongs to another.
        """
        pem = self.private_pem(self.private, lambda: _pem("PRIVATE KEY", _PRIVATE_DER + bytes(SigningKey.generate())))
        key = SigningKey(_key_bytes(pem, "PRIVATE KEY", _PRIVATE_DER, str(self.private)))
        public = PublicKey(bytes(key.verify_key))
        if not self.public.exists():
            write_atomic(self.public, public.pem())
        if self.own() != public:
            raise Unavailable(
                "key_mismatch",
                "The public key in the state home does not belong to its private key; nothing was signed.",
                f"If you did not replace a key yourself, find out who did; otherwise remove {self.public}.",
            )
        return key

    def own(self) -> PublicKey:
        """The public key of this state home; raises ``NotFound`` with code ``no_key``, and never makes one."""
        try:
            pem = self.public.read_bytes()
        except FileNotFoundError as error:
            raise NotFound(
                "no_key",
                "This state home has no signing key yet.",
                "It is made when the first artifact is signed, for example by `modelops models add`.",
            ) from error
        return PublicKey.from_pem(pem, str(self.public))

    def is_own(self, key: PublicKey) -> bool:
        """Whether ``key`` is this state home's public key."""
        return self.public.exists() and self.own() == key

    def trusted(self) -> tuple[PublicKey, ...]:
        """The keys whose signatures are accepted: this state home's own, and every ``keys/trusted/*.pem``."""
        own = (self.own(),) if self.public.exists() else ()
        others = (
            PublicKey.from_pem(path.read_bytes(), str(path)) for path in sorted(self.trusted_folder.glob("*.pem"))
        )
        return tuple(dict.fromkeys((*own, *others)))

    def trust(self, key: PublicKey) -> None:
        """Accept signatures of ``key`` from now on: as ``keys/trusted/<fingerprint>.pem``, unless it is trusted."""
        if key not in self.trusted():
            make_durable_folder(self.trusted_folder)
            write_atomic(self.trusted_folder / f"{key.fingerprint}.pem", key.pem())

    def private_pem(self, path: Path, make: Callable[[], bytes]) -> bytes:
        """A private key in this store, made by ``make`` on first use and readable by its owner alone.

        Raises ``Unavailable`` with code ``private_key_exposed`` when others could read it.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.mkdir(exist_ok=True, mode=0o700)
        self._check_private(self.folder)
        if not os.path.lexists(path):
            self._create(path, make())
        self._check_private(path)
        return path.read_bytes()

    def _create(self, path: Path, pem: bytes) -> None:
        """Store a new key. Of two processes that try at once one wins, and the other goes on with the winner's key."""
        temporary = self.folder / f".{secrets.token_hex(8)}.tmp"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(pem)
                stream.flush()
                os.fsync(descriptor)
            # A link fails where the name exists, as O_EXCL does, and what it makes visible is already whole.
            os.link(temporary, path)
        except FileExistsError:
            return
        finally:
            temporary.unlink()
            fsync_folder(self.folder)

    def _check_private(self, path: Path) -> None:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode) or status.st_mode & 0o077:
            raise Unavailable(
                "private_key_exposed",
                f"Others can read {path}, so its signatures prove nothing; nothing was signed.",
                f"Run: chmod go= {path}; make a new key if others have read it.",
                path=str(path),
            )


def _pem(label: str, der: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.b64encode(der).decode()}\n-----END {label}-----\n".encode()


def _key_bytes(pem: bytes, label: str, prefix: bytes, source: str) -> bytes:
    lines = pem.decode("ascii", "replace").split()
    body = "".join(lines).removeprefix(f"-----BEGIN{label}-----".replace(" ", ""))
    body = body.removesuffix(f"-----END{label}-----".replace(" ", ""))
    try:
        der = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        der = b""
    if len(der) != len(prefix) + 32 or not der.startswith(prefix):
        raise InvalidInput(
            "malformed_key",
            f"{source} is not an Ed25519 {label.lower()} in PEM form.",
            "`modelops keys export` writes one; `openssl pkey -in FILE -pubin -text` shows what a file holds.",
            path=source,
        )
    return der[len(prefix) :]
