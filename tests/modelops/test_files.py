"""The durable-storage recipe: a reader sees the old whole file or the new whole file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.files import durable_writer, regular_files, write_atomic


def test_an_atomic_write_replaces_the_content_and_sets_the_mode(tmp_path: Path) -> None:
    target = tmp_path / "spec.json"
    write_atomic(target, b"old")
    write_atomic(target, b"new", mode=0o600)
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_a_write_that_fails_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    target = tmp_path / "spec.json"
    write_atomic(target, b"old")
    with pytest.raises(RuntimeError), durable_writer(tmp_path) as (stream, _):
        stream.write(b"half")
        raise RuntimeError("power cut")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_rename_that_fails_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_atomic(tmp_path / "taken", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_regular_files_come_sorted_with_posix_paths(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.txt").write_text("c")
    (tmp_path / "a.txt").write_text("a")
    assert [name for name, _ in regular_files(tmp_path)] == ["a.txt", "b/c.txt"]


@pytest.mark.parametrize("target", ["file", "folder", "missing"])
def test_links_are_refused(tmp_path: Path, target: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to({"file": outside / "file", "folder": outside, "missing": outside / "no"}[target])
    with pytest.raises(InvalidInput) as refusal:
        list(regular_files(inside))
    assert refusal.value.code == "not_a_regular_file"
