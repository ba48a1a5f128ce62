"""Kernels and extensions, found as Jupyter would find them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.machine.finding import Finding
from modelops.machine.jupyter import extensions, kernels

AddKernel = Callable[..., None]


@pytest.fixture
def add_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddKernel:
    """Installs a kernel in a folder that comes first in Jupyter's path."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    def add(name: str, specification: Any) -> None:
        folder = tmp_path / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps(specification))

    return add


def finding(name: str) -> Finding:
    return next(finding for finding in kernels() if finding.name == name)


def test_the_python_kernel_of_this_environment_can_run_templates() -> None:
    assert (finding("python3").state, finding("python3").required) == ("ok", True)


def test_a_kernel_of_another_language_is_left_alone(add_kernel: AddKernel) -> None:
    add_kernel("shell", {"argv": ["sh", "-c", "true"], "display_name": "Shell", "language": "sh"})
    assert finding("shell").state == "ok"


@pytest.mark.parametrize("specification", [{"argv": ["/nowhere/python"], "language": "python"}, {"argv": []}, [], 1])
def test_a_kernel_that_cannot_be_started_is_named(add_kernel: AddKernel, specification: Any) -> None:
    add_kernel("broken", specification)
    assert finding("broken").state == "missing"
    assert finding("broken").mend == "jupyter kernelspec remove broken"


def test_a_python_without_this_package_is_named_with_the_command_that_installs_it(
    add_kernel: AddKernel, tmp_path: Path
) -> None:
    # -I -S: an interpreter that sees no site-packages, as a bare environment's would.
    python = tmp_path / "python3-bare"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o755)
    add_kernel("bare", {"argv": [str(python), "-m", "ipykernel_launcher"], "language": "python"})
    assert finding("bare").state == "missing"
    assert finding("bare").mend == f"{python} -m pip install jupyterlab-modelops"


@pytest.mark.parametrize(("enabled", "state"), [(True, "ok"), (False, "missing")])
def test_the_server_extension_is_enabled_by_jupyters_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enabled: bool, state: str
) -> None:
    folder = tmp_path / "jupyter_server_config.d"
    folder.mkdir()
    document = {"ServerApp": {"jpserver_extensions": {"modelops_server": enabled}}}
    (folder / "modelops.json").write_text(json.dumps(document))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path))
    assert {found.name: found.state for found in extensions()}["server extension"] == state


def test_the_lab_extension_is_the_one_in_jupyters_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "labextensions" / "jupyterlab-modelops"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"version": "7.8.9"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert {found.name: found.detail for found in extensions()}["JupyterLab extension"] == "version 7.8.9"
