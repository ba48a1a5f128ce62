"""What another state home exported is registered as it was signed, or refused and nothing is changed."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from modelops.errors import Conflict, InvalidInput, ModelOpsError, NotFound, VerificationError
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, PublicKey, Registry, import_export, verify_export
from modelops.registry.canonical import canonical
from modelops.registry.envelopes import sign
from modelops.registry.exchange import importing
from modelops.registry.log.checkpoints import read_checkpoint

WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def receiver(tmp_path: Path) -> Registry:
    """Another state home, that trusts nobody."""
    return Registry(StateHome(tmp_path / "receiver"))


@pytest.fixture
def signer(registry: Registry, adapter: Artifact) -> PublicKey:
    return registry.keys.own()


@pytest.fixture
def exported(registry: Registry, adapter: Artifact, tmp_path: Path) -> Path:
    registry.export(adapter.ref, tmp_path / "export")
    return tmp_path / "export"


def contents(registry: Registry) -> list[str]:
    """Everything a state home holds, but for its database and the lock of its scratch folder."""
    found = (path.relative_to(registry.home.root).as_posix() for path in registry.home.root.rglob("*"))
    return sorted(path for path in found if not path.startswith(("modelops.db", "scratch")))


def refusal(receiver: Registry, source: Path, key: PublicKey | None = None, trust: bool = True) -> ModelOpsError:
    """How an import is refused, after which nothing has changed."""
    before = contents(receiver)
    with pytest.raises(ModelOpsError) as caught:
        import_export(receiver, source, key=key, trust=trust and key is not None)
    assert receiver.list() == []
    assert contents(receiver) == before
    assert not any(receiver.home.scratch.glob("private-*"))
    return caught.value


def test_an_import_is_the_same_artifact_in_the_same_envelope(
    registry: Registry, receiver: Registry, adapter: Artifact, exported: Path, signer: PublicKey
) -> None:
    imported = import_export(receiver, exported, key=signer, trust=True)
    assert (imported.artifact, imported.signer, imported.new) == (adapter, signer, True)
    assert receiver.attestation(adapter.ref) == registry.attestation(adapter.ref)
    assert receiver.verify(adapter.ref) == adapter
    with receiver.verified_open(adapter.ref) as opened:
        assert (opened.path / WEIGHTS).read_bytes() == (exported / "files" / WEIGHTS).read_bytes()


def test_an_import_is_an_entry_of_the_importing_homes_own_log(
    registry: Registry, receiver: Registry, adapter: Artifact, exported: Path, signer: PublicKey
) -> None:
    import_export(receiver, exported, key=signer, trust=True)
    entry = registry.index.envelope(adapter)
    assert receiver.log.lines() == [entry]
    proof = receiver.log.prove(entry)
    assert read_checkpoint(proof.checkpoint, [receiver.keys.own()]).size == 1
    import_export(receiver, exported)
    assert receiver.log.lines() == [entry]


def test_what_was_imported_is_exported_without_a_proof_and_verifies_with_its_signers_key(
    receiver: Registry, adapter: Artifact, exported: Path, signer: PublicKey, tmp_path: Path
) -> None:
    import_export(receiver, exported, key=signer, trust=True)
    receiver.export(adapter.ref, tmp_path / "again")
    files = {path.name for path in exported.iterdir()}
    assert {path.name for path in (tmp_path / "again").iterdir()} == files - {"log-proof.json"}
    assert verify_export(tmp_path / "again", [signer]) == (adapter, signer)


def test_a_proof_that_was_changed_refuses_the_import(receiver: Registry, exported: Path, signer: PublicKey) -> None:
    proof = json.loads((exported / "log-proof.json").read_bytes())
    (exported / "log-proof.json").write_text(json.dumps({**proof, "path": ["00" * 32]}))
    assert refusal(receiver, exported, signer).code == "not_in_log"


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.tgz"])
def test_an_archive_comes_out_as_it_went_in(
    registry: Registry, receiver: Registry, adapter: Artifact, signer: PublicKey, tmp_path: Path, name: str
) -> None:
    registry.export(adapter.ref, tmp_path / name)
    assert import_export(receiver, tmp_path / name, key=signer, trust=True).artifact == adapter
    assert receiver.verify(adapter.ref) == adapter


@pytest.mark.parametrize("wrapped", ["", "support-bot/"])
def test_a_zip_of_an_export_is_taken_too_with_its_folder_or_without(
    receiver: Registry, adapter: Artifact, exported: Path, signer: PublicKey, tmp_path: Path, wrapped: str
) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in exported.rglob("*"):
            archive.write(path, wrapped + path.relative_to(exported).as_posix())
    assert import_export(receiver, tmp_path / "x.zip", key=signer, trust=True).artifact == adapter


def test_the_same_export_makes_the_same_archive_and_none_is_overwritten(
    registry: Registry, adapter: Artifact, tmp_path: Path
) -> None:
    registry.export(adapter.ref, tmp_path / "one.tar.gz")
    registry.export(adapter.ref, tmp_path / "two.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    with pytest.raises(Conflict) as caught:
        registry.export(adapter.ref, tmp_path / "two.tar.gz")
    assert caught.value.code == "target_exists"
    assert {path.name for path in tmp_path.iterdir()} >= {"one.tar.gz", "two.tar.gz"}
    assert not list(tmp_path.glob(".*"))


def test_a_stranger_is_refused_and_the_hint_says_what_to_do(receiver: Registry, exported: Path) -> None:
    error = refusal(receiver, exported)
    assert (error.code, "--key PEM --trust" in error.hint) == ("unknown_key", True)


def test_a_key_that_would_not_be_trusted_later_is_refused(
    receiver: Registry, exported: Path, signer: PublicKey
) -> None:
    error = refusal(receiver, exported, signer, trust=False)
    assert (error.code, "--trust" in error.hint) == ("unknown_key", True)


def test_a_key_that_did_not_sign_is_not_trusted(receiver: Registry, exported: Path) -> None:
    other = PublicKey(bytes(SigningKey.generate().verify_key))
    assert refusal(receiver, exported, other).code == "unknown_key"
    assert receiver.keys.trusted() == ()


def test_a_key_once_trusted_is_enough(
    receiver: Registry, register: Callable[..., Artifact], registry: Registry, exported: Path, signer: PublicKey
) -> None:
    import_export(receiver, exported, key=signer, trust=True)
    register()
    registry.export("support-bot@2", exported.with_name("second"))
    assert import_export(receiver, exported.with_name("second")).artifact.ref == "support-bot@2"
    assert receiver.keys.trusted() == (receiver.keys.own(), signer)


def test_the_same_artifact_again_is_nothing_to_do_and_heals_what_rotted(
    receiver: Registry, adapter: Artifact, exported: Path, signer: PublicKey
) -> None:
    import_export(receiver, exported, key=signer, trust=True)
    receiver.blobs.path(adapter.files[0].sha256).unlink()
    receiver.envelopes.path(receiver.index.envelope(adapter)).unlink()
    again = import_export(receiver, exported)
    assert (again.artifact, again.new) == (adapter, False)
    assert receiver.list() == [adapter] == [receiver.verify(adapter.ref)]


def test_an_artifact_that_only_the_log_knows_is_left_to_a_rebuild(
    receiver: Registry, exported: Path, signer: PublicKey
) -> None:
    import_export(receiver, exported, key=signer, trust=True)
    receiver.database.execute("DELETE FROM artifacts")
    with pytest.raises(Conflict) as caught:
        import_export(receiver, exported)
    assert (caught.value.code, "fsck" in caught.value.hint) == ("registry_damaged", True)
    assert receiver.list() == []


def test_another_artifact_under_the_same_name_and_version_is_a_conflict(
    receiver: Registry, exported: Path, signer: PublicKey, make_folder: Callable[..., Path]
) -> None:
    own = receiver.register(make_folder(), name="support-bot", kind="adapter", metadata={}, build=Build("job", {}, ()))
    with pytest.raises(Conflict) as caught:
        import_export(receiver, exported, key=signer, trust=True)
    assert (caught.value.code, bool(caught.value.hint)) == ("version_taken", True)
    assert receiver.list() == [own]
    assert signer not in receiver.keys.trusted()


def test_the_next_version_made_here_comes_after_the_imported_one(
    receiver: Registry, exported: Path, signer: PublicKey, make_folder: Callable[..., Path]
) -> None:
    import_export(receiver, exported, key=signer, trust=True)
    made = receiver.register(make_folder(), name="support-bot", kind="adapter", metadata={}, build=Build("job", {}, ()))
    assert made.ref == "support-bot@2"
    assert {receiver.verify(ref).ref for ref in ("support-bot@1", "support-bot@2")} == {"support-bot@1", made.ref}


def test_inputs_that_are_not_here_are_unknown_in_its_lineage_until_they_are_imported(
    registry: Registry, receiver: Registry, register: Callable[..., Artifact], tmp_path: Path
) -> None:
    model = register(name="smollm2", kind="model")
    register(name="merged", kind="model", dependencies=(model.as_dependency("base_model"),))
    for name in ("merged", "smollm2"):
        registry.export(name, tmp_path / name)
    import_export(receiver, tmp_path / "merged", key=registry.keys.own(), trust=True)
    node = receiver.lineage("merged").nodes[model.digest]
    assert (node.artifact, node.uri) == (None, "modelops:artifact/smollm2@1")
    import_export(receiver, tmp_path / "smollm2")
    assert receiver.lineage("merged").nodes[model.digest].artifact == model


def test_records_of_the_run_that_were_not_exported_get_no_row(
    registry: Registry, receiver: Registry, register: Callable[..., Artifact], tmp_path: Path
) -> None:
    (tmp_path / "notebook").mkdir()
    (tmp_path / "notebook/output.ipynb").write_text("{}")
    register(byproducts=registry.stage(tmp_path / "notebook"))
    registry.export("support-bot", tmp_path / "export")
    import_export(receiver, tmp_path / "export", key=registry.keys.own(), trust=True)
    assert receiver.verify("support-bot").ref == "support-bot@1"
    rows = receiver.database.execute("SELECT sha256 FROM artifact_files").fetchall()
    assert [sha256 for (sha256,) in rows if not receiver.blobs.path(sha256).is_file()] == []


def test_a_file_replaced_between_verification_and_storing_is_refused(
    receiver: Registry, exported: Path, signer: PublicKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The moment between the two, made long enough to do it: the file is replaced for real.
    verify = importing.read_export

    def verify_then_replace(folder: Path, trusted: object) -> object:
        found = verify(folder, trusted)  # type: ignore[arg-type]
        weights = folder / "files" / WEIGHTS
        weights.write_bytes(weights.read_bytes()[::-1])
        return found

    monkeypatch.setattr(importing, "read_export", verify_then_replace)
    with pytest.raises(VerificationError) as caught:
        import_export(receiver, exported, key=signer, trust=True)
    assert caught.value.code == "digest_mismatch"
    assert (receiver.list(), receiver.keys.trusted()) == ([], ())


@pytest.mark.parametrize(
    ("name", "kind", "version"),
    [("../evil", "adapter", 1), ("bot", "pickle", 1), ("bot", "adapter", 0), ("bot", "adapter", 10**12)],
)
def test_a_signed_identity_that_could_not_be_made_here_is_refused(
    registry: Registry, receiver: Registry, exported: Path, name: str, kind: str, version: int
) -> None:
    with registry.verified_open("support-bot") as opened:
        statement = opened.statement
    statement["predicate"]["runDetails"]["metadata"]["modelops_artifact"].update(name=name, kind=kind, version=version)
    (exported / "attestation.json").write_bytes(sign(canonical(statement), registry.keys.signing_key()))
    (exported / "log-proof.json").unlink()  # of another attestation
    assert refusal(receiver, exported, registry.keys.own()).code == "malformed_statement"


def test_what_is_not_there_or_no_export_is_told(receiver: Registry, signer: PublicKey, tmp_path: Path) -> None:
    assert isinstance(refusal(receiver, tmp_path / "nowhere", signer), NotFound)
    (tmp_path / "empty").mkdir()
    assert refusal(receiver, tmp_path / "empty", signer).code == "not_an_export"
    (tmp_path / "text.tar.gz").write_text("hello")
    assert refusal(receiver, tmp_path / "text.tar.gz", signer).code == "invalid_archive"


# --- Archives that somebody changed ---


def member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


HOSTILE = {
    "a path that leads out": ("invalid_path", member("../evil", b"x")),
    "a path that leads out further down": ("invalid_path", member("export/files/../../../evil", b"x")),
    "an absolute path": ("invalid_path", member("/tmp/evil", b"x")),
    "a link": ("archive_link", member("export/files/link", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
    "a hard link": ("archive_link", member("export/files/link", type=tarfile.LNKTYPE, linkname="export/signer.pem")),
    "a pipe": ("archive_special_file", member("export/files/pipe", type=tarfile.FIFOTYPE)),
    "a device": ("archive_special_file", member("export/files/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)),
    "two names that are one": ("name_collision", member("export/Attestation.json", b"{}")),
    "an extra file": ("unexpected_file", member("export/files/setup.py", b"import os")),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_an_archive_with_something_hostile_is_refused(
    receiver: Registry, exported: Path, signer: PublicKey, tmp_path: Path, case: str
) -> None:
    code, (info, content) = HOSTILE[case]
    with tarfile.open(tmp_path / "hostile.tar.gz", "w:gz") as archive:
        archive.add(exported, "export")
        archive.addfile(info, io.BytesIO(content))
    assert refusal(receiver, tmp_path / "hostile.tar.gz", signer).code == code
    assert not (tmp_path / "evil").exists()


def test_a_member_that_says_it_unpacks_to_10_gb_is_refused_before_it_is_read(
    receiver: Registry, signer: PublicKey, tmp_path: Path
) -> None:
    info, _ = member("export/files/weights", size=10 * 10**9)
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as archive:
        archive.fileobj.write(info.tobuf())  # type: ignore[union-attr]
        archive.fileobj.write(bytes(1 << 20))  # type: ignore[union-attr]
    assert refusal(receiver, tmp_path / "bomb.tar.gz", signer).code == "archive_too_large"


def test_an_archive_that_inflates_to_much_more_than_it_is_is_refused(
    receiver: Registry, signer: PublicKey, tmp_path: Path
) -> None:
    zeros = bytes(20 << 20)
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as archive:
        for number in range(5):
            info, _ = member(f"export/files/{number}", size=len(zeros))
            archive.addfile(info, io.BytesIO(zeros))
    assert refusal(receiver, tmp_path / "bomb.tar.gz", signer).code == "archive_too_large"


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.DIRTYPE])
def test_a_million_entries_are_refused_early(
    receiver: Registry, signer: PublicKey, tmp_path: Path, kind: bytes
) -> None:
    with tarfile.open(tmp_path / "many.tar.gz", "w:gz", compresslevel=1) as archive:
        for number in range(12_000):
            archive.addfile(member(f"export/files/{number}", type=kind)[0])
    assert refusal(receiver, tmp_path / "many.tar.gz", signer).code == "archive_too_large"


def test_headers_as_long_as_a_file_or_without_end_are_refused(
    receiver: Registry, signer: PublicKey, tmp_path: Path
) -> None:
    long, _ = member("x", type=tarfile.XHDTYPE, size=10**9)
    (tmp_path / "long.tar").write_bytes(long.tobuf() + bytes(2 << 20))
    chain, _ = member("x", type=tarfile.XHDTYPE)
    (tmp_path / "chain.tar").write_bytes(chain.tobuf() * 5_000)
    assert refusal(receiver, tmp_path / "long.tar", signer).code == "archive_too_large"
    assert refusal(receiver, tmp_path / "chain.tar", signer).code == "invalid_archive"


def test_an_archive_that_is_cut_off_is_refused(
    registry: Registry, receiver: Registry, signer: PublicKey, tmp_path: Path
) -> None:
    registry.export("support-bot", tmp_path / "x.tar.gz")
    whole = (tmp_path / "x.tar.gz").read_bytes()
    (tmp_path / "x.tar.gz").write_bytes(whole[: len(whole) // 2])
    assert isinstance(refusal(receiver, tmp_path / "x.tar.gz", signer), InvalidInput)
