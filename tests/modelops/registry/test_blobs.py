"""A blob is complete and read-only, or not there."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.paths import StateHome
from modelops.registry.blobs import BlobStore

FILL_THE_DISK = """
import sys
from pathlib import Path
from modelops.errors import Unavailable
from modelops.registry import Build, Registry

registry, folder = Registry(), Path(sys.argv[1])
make = lambda: registry.register(folder, name="bot", kind="model", metadata={}, build=Build("job", {}, ()))
try:
    make()
except Unavailable as error:
    print(error.code, error.details["needed_bytes"], error.details["free_bytes"] < 8 << 20)
print(registry.list(), [path for path in registry.blobs.root.rglob("*") if path.is_file()])
(folder / "weights").write_bytes(bytes(1 << 20))
print(registry.verify(make().ref).ref)
"""


@pytest.fixture
def blobs(home: StateHome) -> BlobStore:
    return BlobStore(home)


@pytest.mark.parametrize("content", [b"", b"x", os.urandom((2 << 20) + 1)], ids=["empty", "small", "several chunks"])
def test_content_is_stored_under_its_digest_and_read_only(blobs: BlobStore, tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)
    sha256, size = blobs.add(source)
    assert (sha256, size) == (hashlib.sha256(content).hexdigest(), len(content))
    blob = blobs.path(sha256)
    assert blob == blobs.root / sha256[:2] / sha256
    assert blob.read_bytes() == content
    assert blob.stat().st_mode & 0o777 == 0o444


def test_the_store_keeps_its_own_copy(blobs: BlobStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"before")
    sha256, _ = blobs.add(source)
    source.write_bytes(b"after!")
    assert blobs.path(sha256).read_bytes() == b"before"


def test_a_link_is_not_followed(blobs: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(InvalidInput) as caught:
        blobs.add(tmp_path / "link")
    assert caught.value.code == "not_a_regular_file"


def test_a_file_that_cannot_be_stored_leaves_nothing_behind(blobs: BlobStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"content")
    in_the_way = blobs.path(hashlib.sha256(b"content").hexdigest())
    in_the_way.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        blobs.add(source)
    assert [path for path in blobs.root.rglob("*") if path.is_file()] == []


def test_a_full_disk_is_told_with_figures_leaves_nothing_and_is_over_when_there_is_space(
    home: StateHome, tmp_path: Path
) -> None:
    folder = tmp_path / "outputs"
    folder.mkdir()
    (folder / "weights").write_bytes(bytes(20 << 20))
    home.root.mkdir()
    # A real small disk, in a mount namespace of its own, so that it needs no rights and leaves no trace.
    in_a_small_disk = 'mount -t tmpfs -o size=8m tmpfs "$MODELOPS_HOME" && exec "$@"'
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", in_a_small_disk, "sh"]
    result = subprocess.run(
        [*unshare, sys.executable, "-c", FILL_THE_DISK, str(folder)],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert result.stdout.splitlines() == [f"disk_full {20 << 20} True", "[] []", "bot@1"], result.stderr
