"""The signing key is made once, kept private, and readable by openssl."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from modelops.errors import InvalidInput, NotFound, Unavailable
from modelops.paths import StateHome
from modelops.registry import Artifact, KeyStore, PublicKey, Registry


@pytest.fixture
def keys(home: StateHome) -> KeyStore:
    store = KeyStore(home)
    store.signing_key()
    return store


def test_the_private_key_and_its_folder_are_the_users_alone(keys: KeyStore) -> None:
    assert keys.folder.stat().st_mode & 0o777 == 0o700
    assert keys.private.stat().st_mode & 0o777 == 0o600


def test_the_key_stays_the_same(home: StateHome, keys: KeyStore) -> None:
    assert bytes(KeyStore(home).signing_key()) == bytes(keys.signing_key())


def test_openssl_reads_both_halves_and_they_belong_together(keys: KeyStore) -> None:
    def public_der(*arguments: str) -> bytes:
        command = ["openssl", "pkey", *arguments, "-pubout", "-outform", "DER"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    from_private, from_public = public_der("-in", str(keys.private)), public_der("-pubin", "-in", str(keys.public))
    assert from_private == from_public
    assert hashlib.sha256(from_public).hexdigest() == keys.own().fingerprint


def test_a_key_that_openssl_wrote_is_read(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(private)], check=True)
    subprocess.run(["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)], check=True)
    key = PublicKey.from_pem(public.read_bytes(), "public.pem")
    assert key.pem() == public.read_bytes()


def test_asking_for_the_key_before_there_is_one_makes_none(home: StateHome) -> None:
    with pytest.raises(NotFound) as caught:
        KeyStore(home).own()
    assert caught.value.code == "no_key"
    assert KeyStore(home).trusted() == ()
    assert not home.root.exists()


@pytest.mark.parametrize(
    ("what", "mode"), [("private", 0o640), ("private", 0o604), ("folder", 0o750), ("folder", 0o701)]
)
def test_nothing_is_signed_with_a_key_that_others_can_read(
    home: StateHome, register: Callable[..., Artifact], adapter: Artifact, what: str, mode: int
) -> None:
    registry = Registry(home)
    getattr(registry.keys, what).chmod(mode)
    with pytest.raises(Unavailable) as caught:
        register()
    assert caught.value.code == "private_key_exposed"
    assert "chmod" in caught.value.hint
    assert registry.list() == [adapter]


def test_verifying_needs_no_private_key(registry: Registry, adapter: Artifact) -> None:
    registry.keys.private.unlink()
    assert registry.verify(adapter.ref) == adapter


def test_a_private_key_that_is_a_link_is_not_used(keys: KeyStore, tmp_path: Path) -> None:
    keys.private.symlink_to(keys.private.rename(tmp_path / "elsewhere.pem"))
    with pytest.raises(Unavailable) as caught:
        keys.signing_key()
    assert caught.value.code == "private_key_exposed"


def test_a_public_key_that_was_replaced_stops_signing(keys: KeyStore) -> None:
    keys.public.write_bytes(PublicKey(bytes(SigningKey.generate().verify_key)).pem())
    with pytest.raises(Unavailable) as caught:
        keys.signing_key()
    assert caught.value.code == "key_mismatch"


def test_a_public_key_that_was_lost_is_made_again_from_the_private_one(keys: KeyStore) -> None:
    own = keys.own()
    keys.public.unlink()
    keys.signing_key()
    assert keys.own() == own


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", b"\xff" * 99]
)
def test_a_file_that_is_no_key_is_named(keys: KeyStore, content: bytes) -> None:
    keys.trusted_folder.mkdir()
    (keys.trusted_folder / "broken.pem").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"broken\.pem") as caught:
        keys.trusted()
    assert caught.value.code == "malformed_key"


def test_processes_that_start_together_share_one_key(home: StateHome) -> None:
    script = (
        "import sys; from modelops.registry import KeyStore; from modelops.paths import StateHome\n"
        "store = KeyStore(StateHome.default()); print('ready', flush=True); sys.stdin.readline()\n"
        "print(bytes(store.signing_key().verify_key).hex())"
    )
    command = [sys.executable, "-c", script]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="ascii")
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    keys = {racer.communicate()[0] for racer in racers}
    assert keys == {KeyStore(home).own().raw.hex() + "\n"}
    assert [path.name for path in home.keys.iterdir() if path.suffix == ".tmp"] == []
