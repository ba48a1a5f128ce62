"""``modelops registry``: what it says about the whole registry, and how it exits."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Registry


@pytest.fixture
def modelops(modelops: Any) -> Any:
    """Runs ``modelops registry`` with these arguments."""
    return partial(modelops, "registry")


@pytest.fixture
def adapter(home: StateHome, tmp_path: Path) -> Artifact:
    """One adapter, and nobody who has the database open."""
    folder = tmp_path / "outputs"
    folder.mkdir()
    (folder / "weights").write_bytes(bytes(1000))
    registry = Registry(home)
    artifact = registry.register(folder, name="bot", kind="adapter", metadata={}, build=Build("job", {}, ()))
    registry.set_alias("bot", "production", 1)
    registry.database.conn.close()
    return artifact


def test_a_sound_registry_is_said_to_be_sound(adapter: Artifact, modelops: Any) -> None:
    result = modelops("fsck", "--read-data")
    assert (result.status, result.out) == (0, "Sound: 1 artifacts, 1 files, 1 kB read, 1 entries in the log.\n")
    report = modelops("fsck", "--json").json
    assert (report["ok"], report["artifacts"], report["findings"]) == (True, 1, [])


def test_a_problem_is_told_with_what_mends_it(home: StateHome, adapter: Artifact, modelops: Any) -> None:
    (home.log / "checkpoint").unlink()
    result = modelops("fsck")
    assert result.status == 1
    assert "checkpoint_missing" in result.out
    assert "To mend it: modelops registry rebuild" in result.out
    assert result.out.endswith("1 problem in 1 artifacts, 1 files, 1 entries in the log.\n")
    as_json = modelops("fsck", "--json")
    assert (as_json.status, as_json.json["findings"][0]["code"]) == (1, "checkpoint_missing")


def test_a_log_is_compared_with_an_earlier_export(
    home: StateHome, adapter: Artifact, modelops: Any, tmp_path: Path
) -> None:
    export = tmp_path / "export.tar"
    Registry(home).export(adapter.ref, export)
    grown = modelops("fsck", "--against", str(export))
    assert (grown.status, "begins with the 1 entries of the export's day" in grown.out) == (0, True)
    shutil.rmtree(home.log)
    shutil.rmtree(home.envelopes)
    home.database.unlink()
    rewritten = modelops("fsck", "--against", str(export), "--json")
    assert (rewritten.status, rewritten.json["findings"][0]["code"]) == (1, "log_rewritten")
    assert modelops("fsck", "--against", str(tmp_path), "--json").json["code"] == "not_an_export"


def test_what_cannot_be_told_exits_with_two(home: StateHome, adapter: Artifact, modelops: Any) -> None:
    Registry(home).database.execute("UPDATE schema_versions SET version = 99")
    assert modelops("fsck", "--json").json["code"] == "newer_schema"


def test_a_damaged_database_is_a_problem_for_fsck_and_mended_by_rebuild(
    home: StateHome, adapter: Artifact, modelops: Any
) -> None:
    home.database.write_bytes(b"garbage" * 1000)
    assert modelops("fsck").status == 1
    rebuilt = modelops("rebuild")
    assert rebuilt.status == 0
    assert "1 artifacts, 1 aliases" in rebuilt.out
    assert "modelops.db.broken-1" in rebuilt.out
    assert modelops("fsck").status == 0


def test_a_rebuild_that_cannot_restore_everything_exits_with_one(
    home: StateHome, adapter: Artifact, modelops: Any
) -> None:
    next(home.envelopes.glob("*/*.json")).unlink()
    result = modelops("rebuild", "--json")
    assert (result.status, result.json["artifacts"], result.json["problems"][0]["code"]) == (1, 0, "envelope_missing")


def test_a_log_that_nothing_confirms_exits_with_two(home: StateHome, adapter: Artifact, modelops: Any) -> None:
    home.database.unlink()
    (home.log / "entries").unlink()
    result = modelops("rebuild")
    assert (result.status, "--from-envelopes" in result.err) == (2, True)
    assert modelops("rebuild", "--from-envelopes").status == 0


def test_gc_shows_first_and_removes_when_told(home: StateHome, adapter: Artifact, modelops: Any) -> None:
    leftover = home.blobs / "sha256" / "ff" / ("f" * 64)
    leftover.parent.mkdir(exist_ok=True)
    leftover.write_bytes(bytes(5000))
    assert "There is nothing to remove." in modelops("gc").out
    assert "5 kB would be freed by: modelops registry gc --delete" in modelops("gc", "--grace", "0s").out
    assert modelops("gc", "--grace", "0s", "--dry-run", "--json").json["deleted"] is False
    assert leftover.exists()
    assert "5 kB freed." in modelops("gc", "--grace", "0s", "--delete").out
    assert not leftover.exists()
    assert modelops("gc", "--grace", "0s", "--json").json == {"deleted": False, "count": 0, "bytes": 0, "files": []}


def test_gc_cannot_be_told_both(home: StateHome, modelops: Any) -> None:
    assert modelops("gc", "--delete", "--dry-run").status == 2


def test_what_takes_longer_than_a_second_tells_how_far_it_is(
    home: StateHome, adapter: Artifact, modelops: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelops_server.cli import registry

    monkeypatch.setattr(registry, "QUIET_SECONDS", 0.0)
    result = modelops("fsck", "--read-data")
    assert "Reading files: 100 %" in result.err
