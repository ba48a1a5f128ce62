"""Killed at any moment, a registration or an import leaves all of an artifact or none of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelops.paths import StateHome
from modelops.registry import Build, PublicKey, Registry, import_export

# A real kill -9 of a real process, at the n-th moment that could matter: before every SQL statement (COMMIT too) and
# before every file system call that Python audits (open, mkdir, link, rename, remove).
ENTER_AND_DIE = """
import os, signal, sys, sqlite_utils
from pathlib import Path
from modelops.registry import Build, PublicKey, Registry, import_export

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
    if folder.suffix == ".tar":
        key = PublicKey.from_pem(folder.with_name("signer.pem").read_bytes(), "signer.pem")
        import_export(registry, folder, key=key, trust=True)
    else:
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


@pytest.fixture
def archive(home: StateHome, folder: Path, tmp_path: Path) -> Path:
    """What another state home exported, with its signer's key beside it."""
    registry = Registry(home)
    registry.register(folder, name="support-bot", kind="adapter", metadata={}, build=Build("job", {}, ()))
    registry.export("support-bot", tmp_path / "support-bot.tar")
    (tmp_path / "signer.pem").write_bytes(registry.keys.own().pem())
    return tmp_path / "support-bot.tar"


def killed_at_every_moment(source: Path, homes: Path) -> list[Path]:
    """The homes in which entering ``source`` was killed at its first, second … moment; in the last it was not."""
    homes.mkdir()
    subprocess.run([sys.executable, "-c", ENTER_AND_DIE, str(source), str(homes)], check=True)
    return sorted(homes.iterdir(), key=lambda home: int(home.name))


def test_killed_before_any_step_a_registration_is_whole_or_absent_and_can_be_repeated(
    tmp_path: Path, folder: Path
) -> None:
    crashed = killed_at_every_moment(folder, tmp_path / "homes")
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


def test_killed_before_any_step_an_import_is_whole_or_absent_and_can_be_repeated(tmp_path: Path, archive: Path) -> None:
    crashed = killed_at_every_moment(archive, tmp_path / "homes")
    assert len(crashed) > 30, "an import has more steps than that"
    key = PublicKey.from_pem((tmp_path / "signer.pem").read_bytes(), "signer.pem")
    registered = []
    for home in crashed:
        registry = Registry(StateHome(home))
        registered.append(len(registry.list()))
        for artifact in registry.list():
            registry.verify(artifact.ref)
        assert import_export(registry, archive, key=key, trust=True).new is (registered[-1] == 0)
        registry.verify("support-bot@1")
        assert not list(registry.home.scratch.glob("private-*"))
    assert registered == sorted(registered)
    assert registered.count(0) > 20
    assert registered.count(1) > 5
