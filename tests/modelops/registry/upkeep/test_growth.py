"""fsck against an earlier export: that the log only grew since, and what tells nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from kept_registries import build, closed, folder_named, found

from modelops.errors import InvalidInput, VerificationError
from modelops.paths import StateHome
from modelops.registry import Artifact, Registry
from modelops.registry.upkeep.fsck import fsck
from modelops.registry.upkeep.rebuild import rebuild


@pytest.fixture
def exported(registry: Registry, register: Callable[..., Artifact], tmp_path: Path) -> Path:
    """The export of the third of four artifacts, made before the fourth."""
    register(), register(name="other"), register()
    registry.export("support-bot@2", tmp_path / "earlier.tar.gz")
    register()
    return tmp_path / "earlier.tar.gz"


def _begin_anew(registry: Registry, *removed: str) -> None:
    """Rewrite the log without some artifacts, as whoever has the signing key can: nothing of it disagrees."""
    for ref in removed:
        registry.envelopes.path(registry.index.envelope(registry.get(ref))).unlink()
    shutil.rmtree(registry.home.log)
    home = closed(registry)
    home.database.unlink()
    rebuild(home, from_envelopes=True)


@pytest.mark.parametrize("packed", [True, False])
def test_a_log_that_only_grew_is_shown_to(
    home: StateHome, registry: Registry, exported: Path, tmp_path: Path, packed: bool
) -> None:
    source = exported
    if not packed:
        source = tmp_path / "folder"
        registry.export("support-bot@3", source)
    report = fsck(home, against=source)
    assert (report.findings, report.grown_from, report.entries) == ((), 3 if packed else 4, 4)


def test_a_log_that_was_rewritten_is_found_though_all_of_it_agrees(
    home: StateHome, registry: Registry, exported: Path
) -> None:
    _begin_anew(registry, "other@1")
    for number in range(3):
        Registry(home).register(
            folder_named(registry, f"new-{number}", b"x"), name="new", kind="report", metadata={}, build=build()
        )
    assert fsck(home).findings == ()
    report = fsck(home, against=exported)
    assert ([finding.code for finding in report.findings], report.grown_from) == (["log_rewritten"], None)
    assert "first 3 entries" in report.findings[0].message


def test_a_log_that_was_cut_and_signed_again_is_found(home: StateHome, registry: Registry, exported: Path) -> None:
    _begin_anew(registry, "other@1", "support-bot@3")
    assert fsck(home).findings == ()
    (finding,) = fsck(home, against=exported).findings
    assert finding.code == "log_rewritten"
    assert "has 2 entries; 3 were published" in finding.message


def test_an_empty_log_is_not_the_growth_of_one(home: StateHome, registry: Registry, exported: Path) -> None:
    closed(registry)
    shutil.rmtree(home.log)
    shutil.rmtree(home.envelopes)
    home.database.unlink()
    assert found(fsck(home, against=exported)) == {"log_rewritten"}


def test_a_log_that_is_damaged_is_said_to_be_no_more_than_that(
    home: StateHome, registry: Registry, exported: Path
) -> None:
    registry.log.checkpoint.unlink()
    report = fsck(home, against=exported)
    assert (found(report), report.grown_from) == ({"checkpoint_missing"}, None)


def test_an_export_from_elsewhere_tells_nothing(
    home: StateHome, registry: Registry, exported: Path, tmp_path: Path
) -> None:
    elsewhere = Registry(StateHome(tmp_path / "elsewhere"))
    elsewhere.register(folder_named(registry, "there", b"x"), name="there", kind="report", metadata={}, build=build())
    elsewhere.export("there", tmp_path / "theirs")
    with pytest.raises(VerificationError) as refused:
        fsck(home, against=tmp_path / "theirs")
    assert refused.value.code == "checkpoint_forged"
    registry.keys.trust(elsewhere.keys.own())
    with pytest.raises(InvalidInput) as other:
        fsck(home, against=tmp_path / "theirs")
    assert other.value.code == "another_log"


def test_a_checkpoint_that_was_forged_is_not_compared_with(
    home: StateHome, registry: Registry, exported: Path, tmp_path: Path
) -> None:
    registry.export("support-bot@1", tmp_path / "folder")
    proof = tmp_path / "folder" / "log-proof.json"
    proof.write_text(proof.read_text().replace('"size": 4', '"size": 3').replace("\\n4\\n", "\\n3\\n"))
    with pytest.raises(VerificationError) as refused:
        fsck(home, against=tmp_path / "folder")
    assert refused.value.code == "checkpoint_forged"


@pytest.mark.parametrize(
    ("removed", "code"), [("log-proof.json", "no_log_proof"), ("attestation.json", "not_an_export")]
)
def test_what_carries_no_checkpoint_tells_nothing(
    home: StateHome, registry: Registry, adapter: Artifact, tmp_path: Path, removed: str, code: str
) -> None:
    registry.export(adapter.ref, tmp_path / "folder")
    (tmp_path / "folder" / removed).unlink()
    with pytest.raises(InvalidInput) as refused:
        fsck(home, against=tmp_path / "folder")
    assert refused.value.code == code
