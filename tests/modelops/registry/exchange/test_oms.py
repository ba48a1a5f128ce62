"""An OpenSSF bundle is accepted by the OpenSSF's own tool, and its key is nobody's but the signer's."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl.signing import SigningKey

from modelops.errors import Conflict, InvalidInput, Unavailable, VerificationError
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Registry, import_export, verify_export
from modelops.registry.canonical import canonical
from modelops.registry.envelopes import sign
from modelops.registry.exchange import oms

# Names whose order as text and as paths differs, and one that the tool passes over.
FILES = {"a/x": b"1", "a-b": b"2", "model.safetensors": bytes(range(256)) * 40, ".gitattributes": b"*.bin lfs"}


@pytest.fixture
def exported(registry: Registry, register: Callable[..., Artifact], tmp_path: Path) -> Path:
    register(kind="model", files=FILES)
    registry.export("support-bot", tmp_path / "export", oms=True)
    return tmp_path / "export"


def told(model_signing: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """What the OpenSSF's tool says of an export."""
    key = ["--signature", str(folder / "model.sig"), "--public_key", str(folder / "oms-key.pem")]
    command = [str(model_signing), "verify", "key", str(folder / "files"), *key]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})


def _flip_a_bit(folder: Path) -> None:
    weights = folder / "files/model.safetensors"
    content = bytearray(weights.read_bytes())
    content[5000] ^= 1
    weights.write_bytes(content)


def _add_a_file(folder: Path) -> None:
    (folder / "files/modeling_evil.py").write_text("import os")


def _remove_a_file(folder: Path) -> None:
    (folder / "files/a/x").unlink()


def test_the_openssfs_tool_accepts_an_export(model_signing: Path, exported: Path) -> None:
    result = told(model_signing, exported)
    assert (result.returncode, "Verification succeeded" in result.stdout) == (0, True), result.stderr


@pytest.mark.parametrize("tamper", [_flip_a_bit, _add_a_file, _remove_a_file])
def test_the_openssfs_tool_refuses_what_was_changed(
    model_signing: Path, exported: Path, tamper: Callable[[Path], None]
) -> None:
    tamper(exported)
    result = told(model_signing, exported)
    assert result.returncode != 0
    assert "Signature mismatch" in result.stdout + result.stderr


def test_the_pages_steps_accept_an_export_and_refuse_another_key(
    model_signing: Path, exported: Path, pytestconfig: pytest.Config
) -> None:
    page = (pytestconfig.rootpath / "docs/verify-without-us.md").read_text(encoding="utf-8")
    section = page.split("\n## With OpenSSF Model Signing")[1].split("\n## ")[0]
    shells = {"sh": ["sh", "-ec"], "python": [sys.executable, "-I", "-S", "-c"]}
    environment = {"PATH": f"{model_signing.parent}:/usr/bin:/bin"}

    def follow() -> list[int]:
        return [
            subprocess.run([*shells[language], code], cwd=exported, env=environment, capture_output=True).returncode
            for language, code in re.findall(r"```(sh|python)\n(.*?)```", section, re.DOTALL)
        ]

    assert follow() == [0, 0, 0]
    (exported / "oms-key.pem").write_bytes(_another_key())
    assert [status != 0 for status in follow()] == [True, True, False]


def test_our_own_verification_accepts_it_and_the_import_too(registry: Registry, exported: Path, tmp_path: Path) -> None:
    own = registry.keys.own()
    assert verify_export(exported, [own])[1] == own
    receiver = Registry(StateHome(tmp_path / "receiver"))
    assert import_export(receiver, exported, key=own, trust=True).artifact.ref == "support-bot@1"


def _another_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _replace_the_key(folder: Path, registry: Registry) -> None:
    (folder / "oms-key.pem").write_bytes(_another_key())


def _replace_the_key_by_nonsense(folder: Path, registry: Registry) -> None:
    (folder / "oms-key.pem").write_bytes(b"-----BEGIN PUBLIC KEY-----\n")


def _certify_with_an_unknown_key(folder: Path, registry: Registry) -> None:
    path = folder / "oms-key-attestation.json"
    path.write_bytes(sign(_payload(path), SigningKey.generate()))


def _certify_another_key(folder: Path, registry: Registry) -> None:
    path = folder / "oms-key-attestation.json"
    payload = re.sub(rb'"sha256":"[0-9a-f]{64}"', b'"sha256":"%s"' % (b"0" * 64), _payload(path))
    path.write_bytes(sign(payload, registry.keys.signing_key()))


def _certify_with_the_artifacts_attestation(folder: Path, registry: Registry) -> None:
    (folder / "oms-key-attestation.json").write_bytes((folder / "attestation.json").read_bytes())


def _remove_the_bundle(folder: Path, registry: Registry) -> None:
    (folder / "model.sig").unlink()


def _empty_the_bundle(folder: Path, registry: Registry) -> None:
    (folder / "model.sig").write_bytes(b"[]")


def _write_the_bundle_in_other_bytes(folder: Path, registry: Registry) -> None:
    bundle = json.loads((folder / "model.sig").read_bytes())
    (folder / "model.sig").write_text(json.dumps(bundle))


def _alter_the_signature(folder: Path, registry: Registry) -> None:
    bundle = json.loads((folder / "model.sig").read_bytes())
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = "MAYCAQECAQE="
    (folder / "model.sig").write_bytes(canonical(bundle))


def _take_another_artifacts_bundle(folder: Path, registry: Registry) -> None:
    other = folder.with_name("other-files")
    other.mkdir()
    (other / "weights").write_bytes(b"other")
    registry.register(other, name="other", kind="model", metadata={}, build=Build("job", {}, ()))
    registry.export("other", folder.with_name("other"), oms=True)
    (folder / "model.sig").write_bytes((folder.with_name("other") / "model.sig").read_bytes())


def _payload(path: Path) -> bytes:
    return base64.b64decode(json.loads(path.read_bytes())["payload"])


@pytest.mark.parametrize(
    ("code", "tamper"),
    [
        ("uncertified_key", _replace_the_key),
        ("uncertified_key", _replace_the_key_by_nonsense),
        ("uncertified_key", _certify_with_an_unknown_key),
        ("uncertified_key", _certify_another_key),
        ("uncertified_key", _certify_with_the_artifacts_attestation),
        ("bundle_mismatch", _remove_the_bundle),
        ("bundle_mismatch", _empty_the_bundle),
        ("bundle_mismatch", _write_the_bundle_in_other_bytes),
        ("bundle_mismatch", _alter_the_signature),
        ("bundle_mismatch", _take_another_artifacts_bundle),
    ],
)
def test_a_bundle_that_was_changed_is_refused(
    registry: Registry, exported: Path, code: str, tamper: Callable[[Path, Registry], None]
) -> None:
    tamper(exported, registry)
    with pytest.raises(VerificationError) as caught:
        verify_export(exported, registry.keys.trusted())
    assert (caught.value.code, bool(caught.value.hint)) == (code, True)


def test_an_export_without_a_bundle_needs_none(registry: Registry, exported: Path) -> None:
    for name in (oms.KEY, oms.CERTIFICATION, oms.BUNDLE):
        (exported / name).unlink()
    verify_export(exported, registry.keys.trusted())


def test_the_sub_key_is_made_once_stays_private_and_never_leaves(
    registry: Registry, exported: Path, tmp_path: Path
) -> None:
    private = registry.keys.folder / "oms.pem"
    assert private.stat().st_mode & 0o777 == 0o600
    secret = private.read_text().splitlines()[1]
    assert not any(secret in path.read_bytes().decode("latin-1") for path in exported.rglob("*") if path.is_file())
    registry.export("support-bot", tmp_path / "again", oms=True)
    assert (tmp_path / "again/oms-key.pem").read_bytes() == (exported / "oms-key.pem").read_bytes()


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_sub_key_that_others_can_read_signs_nothing(
    registry: Registry, exported: Path, tmp_path: Path, mode: int
) -> None:
    (registry.keys.folder / "oms.pem").chmod(mode)
    with pytest.raises(Unavailable) as caught:
        registry.export("support-bot", tmp_path / "again", oms=True)
    assert caught.value.code == "private_key_exposed"
    assert not (tmp_path / "again").exists()


def test_a_sub_key_that_is_none_is_told(registry: Registry, exported: Path, tmp_path: Path) -> None:
    (registry.keys.folder / "oms.pem").write_text("nonsense")
    with pytest.raises(InvalidInput) as caught:
        registry.export("support-bot", tmp_path / "again", oms=True)
    assert caught.value.code == "malformed_key"


def test_only_the_home_that_signed_an_artifact_signs_its_bundle(
    registry: Registry, exported: Path, tmp_path: Path
) -> None:
    receiver = Registry(StateHome(tmp_path / "receiver"))
    import_export(receiver, exported, key=registry.keys.own(), trust=True)
    with pytest.raises(Conflict) as caught:
        receiver.export("support-bot", tmp_path / "again", oms=True)
    assert caught.value.code == "not_the_signer"
    receiver.export("support-bot", tmp_path / "without")
    verify_export(tmp_path / "without", [registry.keys.own()])
