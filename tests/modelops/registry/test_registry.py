"""What goes into the registry comes out of it: numbered, named, signed and whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.errors import Conflict, InvalidInput, NotFound, VerificationError
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Dependency, FileEntry, Registry
from modelops.registry.database import transaction

Register = Callable[..., Artifact]


def test_versions_of_a_name_count_up_from_one(register: Register) -> None:
    assert [register().ref, register().ref, register(name="other").ref] == ["support-bot@1", "support-bot@2", "other@1"]


def test_an_artifact_lists_its_files_with_digest_and_size_in_path_order(register: Register) -> None:
    artifact = register(files={"b.txt": b"bb", "a/c.txt": b"ccc"})
    assert artifact.files == (
        FileEntry("a/c.txt", hashlib.sha256(b"ccc").hexdigest(), 3),
        FileEntry("b.txt", hashlib.sha256(b"bb").hexdigest(), 2),
    )
    assert artifact.size == 5


def test_what_is_registered_is_what_is_got_verified_and_listed(registry: Registry, adapter: Artifact) -> None:
    assert registry.get("support-bot@1") == adapter
    assert registry.verify("support-bot@1") == adapter
    assert registry.list() == [adapter]


def test_opening_gives_exactly_the_files_in_a_private_folder_that_vanishes(
    registry: Registry, adapter: Artifact
) -> None:
    with registry.verified_open("support-bot") as opened:
        found = {path.relative_to(opened.path).as_posix() for path in opened.path.rglob("*") if path.is_file()}
        assert found == {file.path for file in adapter.files}
        assert (opened.path / "docs/card.md").read_bytes() == b"hi"
        assert opened.path.stat().st_mode & 0o077 == 0
        assert opened.statement["predicate"]["buildDefinition"]["buildType"] == "modelops:build/job/v1"
        assert opened.metadata == {"method": "lora", "eval_loss": "2.25"}
    assert not opened.path.exists()


def test_metadata_reads_back_as_it_was_signed_with_floats_as_text(register: Register, registry: Registry) -> None:
    register(metadata={"loss": 0.1, "rows": 7, "seed": 1, "nested": [{"rate": 1e-05}], "flag": True, "none": None})
    expected = {"loss": "0.1", "rows": 7, "seed": "1", "nested": [{"rate": "1e-05"}], "flag": True, "none": None}
    assert registry.get("support-bot").metadata == expected == registry.verify("support-bot").metadata


def test_a_reference_without_a_version_is_the_newest(register: Register, registry: Registry) -> None:
    for _ in range(11):
        register()
    assert registry.get("support-bot").version == 11


def test_an_alias_moves_and_may_be_any_version(register: Register, registry: Registry) -> None:
    register()
    register()
    registry.set_alias("support-bot", "production", 2)
    registry.set_alias("support-bot", "production", 1)
    assert registry.get("support-bot@production").version == 1
    assert registry.get("support-bot@1").aliases == ("production",)
    assert registry.get("support-bot@2").aliases == ()


def test_a_version_that_did_not_pass_its_gate_gets_no_alias_unless_that_is_asked_for(
    register: Register, registry: Registry
) -> None:
    reason = "perplexity ratio 1.4 [1.3, 1.5], at most 1.1 is asked for."
    rejected = register(metadata={"gate": {"verdict": "rejected", "reasons": [reason]}})
    passed = register(metadata={"gate": {"verdict": "passed", "reasons": []}})

    with pytest.raises(Conflict, match="perplexity ratio") as refusal:
        registry.set_alias(rejected.name, "production", rejected.version)
    registry.set_alias(passed.name, "production", passed.version)

    assert (rejected.rejected, passed.rejected) == ((reason,), ())
    assert (refusal.value.code, refusal.value.details["reasons"]) == ("rejected", [reason])
    assert registry.get(f"{passed.name}@production").version == passed.version
    registry.set_alias(rejected.name, "production", rejected.version, allow_rejected=True)
    assert registry.get(f"{passed.name}@production").version == rejected.version


def test_an_alias_never_points_to_nothing(adapter: Artifact, registry: Registry) -> None:
    with pytest.raises(NotFound):
        registry.set_alias("support-bot", "production", 9)
    with pytest.raises(NotFound):
        registry.get("support-bot@production")


@pytest.mark.parametrize("alias", ["7", "Production", "a b", "../x", ""])
def test_an_alias_that_could_be_mistaken_is_refused(adapter: Artifact, registry: Registry, alias: str) -> None:
    with pytest.raises(InvalidInput):
        registry.set_alias("support-bot", alias, 1)


def test_an_unknown_name_is_answered_with_a_similar_one(adapter: Artifact, registry: Registry) -> None:
    with pytest.raises(NotFound) as caught:
        registry.get("suport-bot")
    assert "support-bot" in caught.value.hint


def test_an_unknown_version_is_answered_with_the_newest(adapter: Artifact, registry: Registry) -> None:
    with pytest.raises(NotFound) as caught:
        registry.get("support-bot@2")
    assert "support-bot@1" in caught.value.hint


def test_listing_filters_and_pages_newest_first(register: Register, registry: Registry) -> None:
    for name, kind in (("a", "model"), ("b", "adapter"), ("b", "adapter"), ("c", "dataset")):
        register(name=name, kind=kind)
    assert [item.ref for item in registry.list()] == ["c@1", "b@2", "b@1", "a@1"]
    assert [item.ref for item in registry.list(kind="adapter")] == ["b@2", "b@1"]
    assert [item.ref for item in registry.list(name="b", limit=1, offset=1)] == ["b@1"]


def test_listing_takes_three_queries_however_many_there_are(register: Register, registry: Registry) -> None:
    for _ in range(20):
        register()
    queries: list[str] = []
    registry.database.conn.set_trace_callback(queries.append)
    assert len(registry.list()) == 20
    assert len(queries) == 3


def test_the_same_content_is_stored_once(register: Register, registry: Registry) -> None:
    register(files={"a": b"same", "b": b"same"})
    register(name="other", files={"c": b"same"})
    assert len([path for path in registry.blobs.root.rglob("*") if path.is_file()]) == 1


def test_registering_the_same_content_again_mends_a_rotten_blob(register: Register, registry: Registry) -> None:
    artifact = register(files={"a": b"good"})
    blob = registry.blobs.path(artifact.files[0].sha256)
    blob.chmod(0o600)
    blob.write_bytes(b"rots")
    register(files={"a": b"good"})
    assert registry.verify("support-bot@1") == artifact


def test_publishing_can_share_a_transaction_and_is_undone_with_it(
    registry: Registry, build: Build, make_folder: Callable[..., Path]
) -> None:
    files = registry.stage(make_folder())
    with pytest.raises(ZeroDivisionError), transaction(registry.database):
        registry.publish(files, name="support-bot", kind="adapter", metadata={}, build=build)
        raise ZeroDivisionError
    assert registry.list() == []
    with transaction(registry.database):
        assert registry.publish(files, name="support-bot", kind="adapter", metadata={}, build=build).version == 1


def test_publishing_outside_a_transaction_is_a_mistake_of_the_caller(
    registry: Registry, build: Build, make_folder: Callable[..., Path]
) -> None:
    with pytest.raises(RuntimeError):
        registry.publish(registry.stage(make_folder()), name="bot", kind="adapter", metadata={}, build=build)


def test_files_that_were_not_stored_cannot_be_published(registry: Registry, build: Build) -> None:
    absent = FileEntry("weights", "a" * 64, 3)
    with transaction(registry.database), pytest.raises(InvalidInput, match="has not been stored"):
        registry.publish((absent,), name="bot", kind="adapter", metadata={}, build=build)


def test_an_artifact_without_files_cannot_be_published(registry: Registry, build: Build) -> None:
    with transaction(registry.database), pytest.raises(InvalidInput, match="no files"):
        registry.publish((), name="bot", kind="adapter", metadata={}, build=build)


def test_byproducts_are_signed_and_are_no_files_of_the_artifact(
    registry: Registry, register: Register, make_folder: Callable[..., Path]
) -> None:
    notebook = registry.stage(make_folder({"output.ipynb": b"{}"}))
    artifact = register(byproducts=notebook, invocation="job-1")
    assert "output.ipynb" not in {file.path for file in artifact.files}
    with registry.verified_open(artifact.ref) as opened:
        (byproduct,) = opened.statement["predicate"]["runDetails"]["byproducts"]
        assert byproduct["digest"]["sha256"] == notebook[0].sha256
        assert not (opened.path / "output.ipynb").exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "../x"}, "invalid_name"),
        ({"kind": "pickle"}, "invalid_kind"),
        ({"metadata": {"when": object()}}, "not_json"),
        ({"metadata": {"text": "\ud800"}}, "not_json"),
        ({"metadata": {1: "number as a key"}}, "not_json"),
        ({"files": {}}, "empty_artifact"),
        ({"build_type": "Build Type"}, "invalid_name"),
        ({"dependencies": (Dependency("base", "x", "not a digest"),)}, "invalid_digest"),
        ({"dependencies": (Dependency("base", "\ud800", "0" * 64),)}, "not_json"),
        ({"byproducts": (FileEntry("../log.txt", "0" * 64, 1),)}, "invalid_path"),
    ],
)
def test_what_cannot_be_signed_is_refused_and_changes_nothing(
    registry: Registry, register: Register, change: dict[str, object], code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        register(**change)
    assert caught.value.code == code
    assert registry.list() == []


def test_links_and_special_files_are_not_stored(registry: Registry, make_folder: Callable[..., Path]) -> None:
    folder = make_folder()
    (folder / "link").symlink_to("/etc/hostname")
    with pytest.raises(InvalidInput) as caught:
        registry.stage(folder)
    assert caught.value.code == "not_a_regular_file"
    (folder / "link").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(InvalidInput):
        registry.stage(folder)


def test_names_that_are_one_file_elsewhere_are_not_stored(registry: Registry, make_folder: Callable[..., Path]) -> None:
    with pytest.raises(InvalidInput) as caught:
        registry.stage(make_folder({"Model.bin": b"1", "model.bin": b"2"}))
    assert caught.value.code == "name_collision"


def test_looking_at_an_empty_home_makes_no_key_and_no_folders(registry: Registry, home: StateHome) -> None:
    registry.list()
    with pytest.raises(NotFound):
        registry.verify("support-bot")
    assert {path.name for path in home.root.iterdir()} <= {"modelops.db", "modelops.db-wal", "modelops.db-shm"}


def test_opening_a_part_gives_the_chosen_files_alone_and_verifies_them(registry: Registry, adapter: Artifact) -> None:
    with registry.verified_open("support-bot", only=lambda path: path.startswith("docs/")) as opened:
        found = [path.relative_to(opened.path).as_posix() for path in opened.path.rglob("*") if path.is_file()]
    assert found == ["docs/card.md"]

    [card] = [file for file in adapter.files if file.path == "docs/card.md"]
    blob = registry.blobs.path(card.sha256)
    blob.chmod(0o644)
    blob.write_bytes(b"ho")
    with pytest.raises(VerificationError):
        registry.verified_open("support-bot", only=lambda path: path.startswith("docs/"))


def test_opening_one_file_gives_that_alone_and_another_is_not_found(registry: Registry, adapter: Artifact) -> None:
    with registry.verified_open("support-bot", only="docs/card.md") as opened:
        found = [path.relative_to(opened.path).as_posix() for path in opened.path.rglob("*") if path.is_file()]
    assert found == ["docs/card.md"]

    with pytest.raises(NotFound) as refusal:
        registry.verified_open("support-bot", only="../docs/card.md")
    assert refusal.value.code == "file_not_found"


def test_a_page_comes_with_the_total_and_the_latest_alone_if_asked_for(register: Register, registry: Registry) -> None:
    register(name="a"), register(name="b"), register(name="a")

    found, total = registry.page(latest=True, limit=1)

    assert ([artifact.ref for artifact in found], total) == (["a@2"], 2)
    assert registry.count_by_kind(search="A") == {found[0].kind: 3}
    assert registry.count_by_kind(name="a", latest=True) == {found[0].kind: 1}


def test_a_removed_alias_means_nothing_also_after_the_database_was_made_again(
    adapter: Artifact, registry: Registry
) -> None:
    registry.set_alias("support-bot", "production", 1)
    registry.remove_alias("support-bot", "production")

    with pytest.raises(NotFound):
        registry.get("support-bot@production")
    with pytest.raises(NotFound):
        registry.remove_alias("support-bot", "production")
    assert json.loads(registry.log.aliases.read_text()) == []
