"""Private copies vanish with the process that made them, however it ends, and never before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from modelops.paths import StateHome
from modelops.registry import Artifact, Registry
from modelops.registry.scratch import ScratchFolder

OPEN_AND_WAIT = """
import sys, modelops
opened = modelops.open_artifact("support-bot")
print(opened.path, flush=True)
sys.stdin.readline()
"""


def copies(home: StateHome) -> list[str]:
    return sorted(path.name for path in home.scratch.glob("private-*"))


def opener() -> subprocess.Popen[str]:
    """Another process that has the artifact open until it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def test_a_copy_is_removed_when_its_process_exits(home: StateHome, adapter: Artifact) -> None:
    process = opener()
    assert len(copies(home)) == 1
    process.communicate("\n")
    assert process.returncode == 0
    assert copies(home) == []


def test_the_copy_of_a_killed_process_is_swept_by_the_next_that_opens_one(
    home: StateHome, registry: Registry, adapter: Artifact
) -> None:
    process = opener()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (left_behind,) = copies(home)
    with registry.verified_open(adapter.ref):
        assert left_behind not in copies(home)
    assert copies(home) == []


def test_the_copy_of_a_living_process_is_left_alone(home: StateHome, registry: Registry, adapter: Artifact) -> None:
    process = opener()
    (in_use,) = copies(home)
    with registry.verified_open(adapter.ref):
        assert in_use in copies(home)
    process.communicate("\n")


def test_a_forked_child_does_not_remove_its_parents_copy(home: StateHome) -> None:
    scratch = ScratchFolder(home)
    child = os.fork()
    if child == 0:
        scratch.remove()
        os._exit(0)
    os.waitpid(child, 0)
    assert scratch.path.is_dir()
    scratch.remove()
    assert not scratch.path.exists()
