"""The wheel, built as a release is, and an environment that has nothing but it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def without_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """This process's environment on a machine without node: a ``PATH`` that holds nothing but the basics."""
    folder = tmp_path_factory.mktemp("bin")
    for tool in ("sh", "env", "uname"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}
    return {**environment, "PATH": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    """Run a command that must succeed; return what it printed on both streams."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the front end built for a release."""
    copy = tmp_path_factory.mktemp("source")
    for name in run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], ROOT).splitlines():
        if (ROOT / name).is_file():  # not one that was deleted a moment ago
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    run(["node_modules/.bin/tsc", "--project", "extension/tsconfig.json"], copy)
    run([str(Path(sys.executable).with_name("jupyter-builder")), "build", "."], copy)
    (copy / "node_modules").unlink()
    return copy


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory, source: Path, without_node: dict[str, str]) -> Path:
    """A folder with the sdist, and the wheel that was built from that sdist without node."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)], source, without_node)
    return folder


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    """The one wheel."""
    (path,) = distributions.glob("*.whl")
    return path


class Environment:
    """A virtual environment in which only the wheel and what it depends on is installed."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.variables = {**variables, "HOME": str(folder / "home"), "MODELOPS_HOME": str(folder / "state")}

    def run(self, program: str, *arguments: str) -> str:
        """Run one of its programs; return what it printed on both streams."""
        return run([str(self.folder / "bin" / program), *arguments], self.folder, self.variables)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path, without_node: dict[str, str]) -> Environment:
    """The wheel in a fresh environment, its base dependencies as ``constraints.txt`` pins them."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    run([*pip, "--no-compile", "-c", str(ROOT / "constraints.txt"), str(wheel)], folder, without_node)
    return Environment(folder, without_node)
