"""What is asked of a kernel's Python before a job is queued."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelops_server.jobs.preflight import missing_packages


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment with no packages, made from the Python that runs the tests."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    return tmp_path / "env"


def test_another_environment_of_the_same_python_has_packages_of_its_own(environment: Path) -> None:
    assert missing_packages(["json", "pydantic"], sys.executable) == []
    assert missing_packages(["json", "pydantic"], str(environment / "bin" / "python")) == ["pydantic"]


def test_what_is_installed_later_is_found(environment: Path) -> None:
    python = str(environment / "bin" / "python")
    [packages] = environment.glob("lib/python*/site-packages")
    assert missing_packages(["pydantic"], python) == ["pydantic"]

    (packages / "pydantic.py").touch()
    os.utime(packages, (2_000_000_000, 2_000_000_000))

    assert missing_packages(["pydantic"], python) == []
