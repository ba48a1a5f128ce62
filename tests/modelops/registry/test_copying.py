"""Copies: what is hashed is what the copy holds, however it was made, and a clone is as private as a copy."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modelops.files import CHUNK
from modelops.registry.copying import copy_hashing, each, hash_file

# On a disk that cannot hold the content four times: outputs, blob, verified copy and export.
SHARE_A_DISK = """
import os, sys
from pathlib import Path
from modelops.paths import StateHome
from modelops.registry import Build, Registry, verify_export

disk, size = Path(sys.argv[1]), int(sys.argv[2])
weights = disk / "outputs/weights"
weights.parent.mkdir()
content = os.urandom(size)
weights.write_bytes(content)
registry = Registry(StateHome(disk / "home"))
made = registry.register(weights.parent, name="bot", kind="model", metadata={}, build=Build("job", {}, ()))
blob = registry.blobs.path(made.files[0].sha256)
with registry.verified_open("bot") as opened:
    registry.export("bot", disk / "export")
    weights.write_bytes(b"changed")
    print(blob.read_bytes() == content)
    blob.chmod(0o600)
    with blob.open("r+b") as stream:
        stream.write(b"changed")
    print((opened.path / "weights").read_bytes() == content)
verify_export(disk / "export", registry.keys.trusted())
"""


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7])
def test_the_digest_is_that_of_what_the_copy_holds(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    with (tmp_path / "copy").open("x+b") as copy:
        found = copy_hashing(io.BytesIO(content), copy, durably=True)
    assert (tmp_path / "copy").read_bytes() == content
    assert found == (hashlib.sha256(content).hexdigest(), size)
    with (tmp_path / "copy").open("rb") as copy:
        assert hash_file(copy) == found


def test_a_source_that_fails_midway_is_told_and_no_thread_is_left(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            if self.tell() > 0:
                raise OSError(5, "Input/output error")
            return super().readinto(buffer)

    before = threading.active_count()
    with (tmp_path / "copy").open("x+b") as copy, pytest.raises(OSError, match="Input/output error"):
        copy_hashing(Failing(bytes(3 * CHUNK)), copy)
    assert threading.active_count() == before


def test_of_several_failures_the_first_in_order_is_raised_whichever_came_first() -> None:
    third_failed = threading.Event()

    def check(item: str) -> None:
        if item == "b":
            assert third_failed.wait(10)
            raise ValueError(item)
        if item == "c":
            third_failed.set()
            raise ValueError(item)

    with pytest.raises(ValueError, match="b"):
        each(check, ["a", "b", "c", "d"])


# btrfs clones, on a disk in a file that only root can mount, in a mount namespace of its own so that nothing is left of
# it. Where there is no btrfs to be had, the same is held where the files lie, and what is made are copies.
A_DISK_THAT_CLONES = """
if truncate -s 128M "$0" && PATH=$PATH:/usr/sbin mkfs.btrfs --quiet --mixed "$0" > /dev/null && mount -o loop "$0" "$1"
then echo clones; else echo copies; fi
shift && exec "$@"
"""


def test_a_clone_takes_no_room_and_is_as_private_as_a_copy(tmp_path: Path) -> None:
    image, disk = str(tmp_path / "disk.img"), tmp_path / "disk"
    disk.mkdir()
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    script = [sys.executable, "-c", SHARE_A_DISK, str(disk), str(40 << 20)]
    done = subprocess.run(
        [*unshare, "sh", "-c", A_DISK_THAT_CLONES, image, str(disk), *script], capture_output=True, text=True
    )
    how, *private = done.stdout.split()
    assert (how in {"clones", "copies"}, private) == (True, ["True", "True"]), done.stderr
    print(how)
