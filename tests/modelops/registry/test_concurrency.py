"""Several processes publish under one name at once: every version is given once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from modelops.paths import StateHome
from modelops.registry import Registry

PUBLISH = """
import sys
from pathlib import Path
from modelops.registry import Build, Registry
registry = Registry()
print("ready", flush=True)
sys.stdin.readline()
for _ in range(5):
    artifact = registry.register(
        Path(sys.argv[1]), name="support-bot", kind="adapter", metadata={}, build=Build("job", {}, ())
    )
    print(artifact.version)
"""


def test_versions_are_distinct_gapless_and_signed_by_one_key(home: StateHome, tmp_path: Path) -> None:
    folder = tmp_path / "outputs"
    folder.mkdir()
    (folder / "weights").write_bytes(b"weights")
    publishers = [
        subprocess.Popen(
            [sys.executable, "-c", PUBLISH, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="ascii",
        )
        for _ in range(4)
    ]
    for publisher in publishers:
        assert publisher.stdout is not None
        assert publisher.stdout.readline() == "ready\n"
    for publisher in publishers:
        assert publisher.stdin is not None
        publisher.stdin.write("go\n")
        publisher.stdin.flush()
    versions = [int(line) for publisher in publishers for line in publisher.communicate()[0].split()]
    assert sorted(versions) == list(range(1, 21))
    registry = Registry(home)
    for version in versions:
        registry.verify(f"support-bot@{version}")
