"""An exported folder is whole or absent, and is checked against keys that are trusted, never its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from modelops.errors import Conflict, InvalidInput, VerificationError
from modelops.registry import Artifact, PublicKey, Registry, verify_export
from modelops.registry.canonical import canonical
from modelops.registry.envelopes import sign
from modelops.registry.log import merkle
from modelops.registry.log.checkpoints import sign_checkpoint

EXPORT_TO_A_FULL_DISK = """
import sys
from pathlib import Path
from modelops.errors import Unavailable
from modelops.registry import Registry

disk = Path(sys.argv[1])
for name in sys.argv[2:]:
    try:
        Registry().export("big", disk / name)
    except Unavailable as error:
        print(error.code, list(disk.iterdir()))
"""

WEIGHTS = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"


@pytest.fixture
def exported(registry: Registry, adapter: Artifact, tmp_path: Path) -> Path:
    target = tmp_path / "export"
    registry.export(adapter.ref, target)
    return target


def reason(registry: Registry, folder: Path) -> str:
    """Why an exported folder is refused."""
    with pytest.raises(VerificationError) as caught:
        verify_export(folder, registry.keys.trusted())
    return caught.value.code


def test_an_export_holds_files_attestation_and_key(registry: Registry, adapter: Artifact, exported: Path) -> None:
    found = {path.relative_to(exported).as_posix() for path in exported.rglob("*") if path.is_file()}
    assert found == {
        "attestation.json",
        "log-proof.json",
        "signer.pem",
        *(f"files/{file.path}" for file in adapter.files),
    }
    assert (exported / "attestation.json").read_bytes() == registry.attestation(adapter.ref)
    assert (exported / "signer.pem").read_bytes() == registry.keys.own().pem()


def test_an_export_verifies_and_says_who_signed_it(registry: Registry, adapter: Artifact, exported: Path) -> None:
    own = registry.keys.own()
    assert verify_export(exported, registry.keys.trusted()) == (adapter, own)


def test_an_exported_folder_can_be_read_by_others_and_no_file_is_linked_to_the_store(exported: Path) -> None:
    for path in exported.rglob("*"):
        assert path.stat().st_mode & 0o044 == 0o044
        assert path.is_dir() or path.stat().st_nlink == 1


def test_an_empty_folder_may_be_the_target(registry: Registry, adapter: Artifact, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    registry.export(adapter.ref, tmp_path / "empty")
    assert (tmp_path / "empty/files" / WEIGHTS).is_file()


def test_a_target_that_holds_anything_is_left_as_it_is(registry: Registry, adapter: Artifact, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "mine").write_text("precious")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for taken in (target, target / "mine", link):
        with pytest.raises(Conflict) as caught:
            registry.export(adapter.ref, taken)
        assert caught.value.code == "target_not_empty"
    assert [path.name for path in target.iterdir()] == ["mine"]


def test_a_target_in_a_folder_that_does_not_exist_is_refused(
    registry: Registry, adapter: Artifact, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput):
        registry.export(adapter.ref, tmp_path / "missing" / "export")


def test_a_key_that_the_caller_trusts_is_enough(adapter: Artifact, exported: Path) -> None:
    key = PublicKey.from_pem((exported / "signer.pem").read_bytes(), "signer.pem")
    assert verify_export(exported, [key])[0].ref == adapter.ref


def test_an_export_of_a_stranger_is_refused_with_the_fingerprint_to_ask_for(
    registry: Registry, exported: Path, tmp_path: Path
) -> None:
    with pytest.raises(VerificationError) as caught:
        verify_export(exported, [])
    assert caught.value.code == "unknown_key"
    assert registry.keys.own().fingerprint in caught.value.hint


def test_files_key_and_attestation_replaced_together_are_refused(
    registry: Registry, adapter: Artifact, exported: Path
) -> None:
    evil = SigningKey.generate()
    with registry.verified_open(adapter.ref) as opened:
        statement = opened.statement
    (exported / "attestation.json").write_bytes(sign(canonical(statement), evil))
    (exported / "signer.pem").write_bytes(PublicKey(bytes(evil.verify_key)).pem())
    assert reason(registry, exported) == "unknown_key"


def test_a_changed_file_is_refused(registry: Registry, exported: Path) -> None:
    weights = exported / "files" / WEIGHTS
    weights.write_bytes(b"\xff" + weights.read_bytes()[1:])
    assert reason(registry, exported) == "digest_mismatch"


def test_a_longer_and_a_shorter_file_are_refused(registry: Registry, exported: Path) -> None:
    weights = exported / "files" / WEIGHTS
    good = weights.read_bytes()
    for content in (good + b"x", good[:-1]):
        weights.write_bytes(content)
        assert reason(registry, exported) == "size_mismatch"


def test_an_extra_file_is_refused(registry: Registry, exported: Path) -> None:
    (exported / "files" / "docs" / "modeling_evil.py").write_text("import os")
    assert reason(registry, exported) == "unexpected_file"


def test_a_missing_file_is_refused(registry: Registry, exported: Path) -> None:
    (exported / "files" / SETTINGS).unlink()
    assert reason(registry, exported) == "missing_file"


def test_two_files_that_changed_names_are_refused(registry: Registry, exported: Path) -> None:
    weights, settings, aside = exported / "files" / WEIGHTS, exported / "files" / SETTINGS, exported / "aside"
    weights.rename(aside)
    settings.rename(weights)
    aside.rename(settings)
    assert reason(registry, exported) == "file_renamed"


def test_links_and_pipes_are_refused_even_to_the_right_content(registry: Registry, exported: Path) -> None:
    weights = exported / "files" / WEIGHTS
    moved = weights.rename(exported / "moved")
    weights.symlink_to(moved)
    assert reason(registry, exported) == "not_a_regular_file"
    weights.unlink()
    os.mkfifo(weights)
    assert reason(registry, exported) == "not_a_regular_file"


def test_a_folder_behind_a_link_is_refused(registry: Registry, exported: Path) -> None:
    docs = exported / "files" / "docs"
    docs.symlink_to(docs.rename(exported / "docs-moved"))
    assert reason(registry, exported) == "not_a_regular_file"


def test_an_attestation_of_another_artifact_is_refused(
    registry: Registry, register: Callable[..., Artifact], exported: Path, tmp_path: Path
) -> None:
    register(name="other", files={SETTINGS: b"{}", WEIGHTS: b"w", "docs/card.md": b"c"})
    (exported / "attestation.json").write_bytes(registry.attestation("other"))
    assert reason(registry, exported) == "size_mismatch"


@pytest.mark.parametrize("missing", ["attestation.json", "files"])
def test_a_folder_that_is_no_export_cannot_be_judged(registry: Registry, exported: Path, missing: str) -> None:
    (exported / missing).rename(exported / "elsewhere")
    with pytest.raises(InvalidInput) as caught:
        verify_export(exported, registry.keys.trusted())
    assert caught.value.code == "not_an_export"


def test_a_proof_of_another_attestation_is_refused(
    registry: Registry, register: Callable[..., Artifact], exported: Path, tmp_path: Path
) -> None:
    registry.export(register(name="other").ref, tmp_path / "other")
    (tmp_path / "other/log-proof.json").rename(exported / "log-proof.json")
    assert reason(registry, exported) == "not_in_log"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"index":0,"index":0}', b"[" * 100_000])
def test_a_proof_that_is_none_is_refused(registry: Registry, exported: Path, content: bytes) -> None:
    (exported / "log-proof.json").write_bytes(content)
    assert reason(registry, exported) == "not_in_log"


def test_a_proof_with_a_checkpoint_of_an_unknown_key_is_refused(registry: Registry, exported: Path) -> None:
    proof = json.loads((exported / "log-proof.json").read_bytes())
    root = merkle.root(registry.log.subtree, 1)
    proof["checkpoint"] = sign_checkpoint(1, root, SigningKey.generate())
    (exported / "log-proof.json").write_text(json.dumps(proof))
    assert reason(registry, exported) == "checkpoint_forged"


def test_an_export_of_an_earlier_release_has_no_proof_and_verifies(
    registry: Registry, adapter: Artifact, exported: Path
) -> None:
    (exported / "log-proof.json").unlink()
    assert verify_export(exported, registry.keys.trusted())[0] == adapter


@pytest.mark.parametrize(
    ("megabytes", "targets"),
    [(4, ["folder"]), (9, ["archive.tar", "archive.tar.gz"])],
    ids=["no room for the files", "no room for the files and an archive of them"],
)
def test_an_export_that_finds_no_space_says_so_and_leaves_nothing(
    register: Callable[..., Artifact], tmp_path: Path, megabytes: int, targets: list[str]
) -> None:
    register(name="big", files={"weights": os.urandom(6 << 20)})
    disk = tmp_path / "disk"
    disk.mkdir()
    # A real small disk, in a mount namespace of its own, so that it needs no rights and leaves no trace.
    in_a_small_disk = f'mount -t tmpfs -o size={megabytes}m tmpfs "$0" && exec "$@"'
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", in_a_small_disk, str(disk)]
    script = [sys.executable, "-c", EXPORT_TO_A_FULL_DISK, str(disk), *targets]
    done = subprocess.run([*unshare, *script], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["disk_full []"] * len(targets), done.stderr
