"""Killed at any moment, a registration leaves all of an artifact or none of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelops.paths import StateHome
from modelops.registry import Build, Registry

# A real kill -9 of a real process, at the n-th moment that could matter: before every SQL statement (COMMIT too) and
# before every file system call that Python audits (open, mkdir, link, rename, remove).
REGISTER_AND_DIE = """
import os, signal, sys, sqlite_utils
from pathlib import Path
from modelops.registry import Build, Registry

MOMENTS = {"open", "os.mkdir", "os.link", "os.rename", "os.remove"}

def run(folder, fatal):
    passed = 0
    def moment(*_):
        nonlocal passed
        passed += 1
        if passed == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
    registry = Registry()
    sys.addaudithook(lambda event, arguments: moment() if event in MOMENTS else None)
    registry.database.conn.set_trace_callback(moment)
    registry.register(folder, name="support-bot", kind="adapter", metadata={}, build=Build("job", {}, ()))

folder, fatal = Path(sys.argv[1]), 0
while True:
    fatal += 1
    os.environ["MODELOPS_HOME"] = sys.argv[2] + f"/{fatal}"
    child = os.fork()
    if child == 0:
        run(folder, fatal)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        sys.exit(0 if status == 0 else 1)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "outputs"
    folder.mkdir()
    (folder / "weights").write_bytes(b"weights")
    (folder / "settings").write_bytes(b"settings")
    return folder


def test_killed_before_any_step_a_registration_is_whole_or_absent_and_can_be_repeated(
    tmp_path: Path, folder: Path
) -> None:
    homes = tmp_path / "homes"
    homes.mkdir()
    subprocess.run([sys.executable, "-c", REGISTER_AND_DIE, str(folder), str(homes)], check=True)
    crashed = sorted(homes.iterdir(), key=lambda home: int(home.name))
    assert len(crashed) > 30, "a registration has more steps than that"
    registered = []
    for home in crashed:
        registry = Registry(StateHome(home))  # catches up with what was committed
        entries = [registry.index.envelope(artifact) for artifact in registry.list()]
        assert registry.log.lines() == entries
        assert registry.log.size() == len(entries)
        registered.append(len(registry.list()))
        for artifact in registry.list():
            registry.verify(artifact.ref)
        again = registry.register(folder, name="support-bot", kind="adapter", metadata={}, build=Build("job", {}, ()))
        assert again.version == registered[-1] + 1
        registry.verify(again.ref)
    # After the commit it is there whatever happens, before the commit it is not; some steps come on either side.
    assert registered == sorted(registered)
    assert registered.count(0) > 20
    assert registered.count(1) > 5
