"""What is released installs on a machine without node and without torch, and works there."""

from __future__ import annotations

import json
import re
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

import modelops

SHARED = f"jupyterlab_modelops-{modelops.__version__}.data/data/"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def content(wheel: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(wheel)


def plain(text: str) -> str:
    """Without the colours of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_both_packages_are_in_it_and_typed(content: zipfile.ZipFile) -> None:
    assert {"modelops/__init__.py", "modelops/py.typed"} <= set(content.namelist())
    assert {"modelops_server/__init__.py", "modelops_server/py.typed"} <= set(content.namelist())


def test_front_end_templates_and_configuration_go_to_jupyters_folders(content: zipfile.ZipFile) -> None:
    root = Path(__file__).parents[2]
    shared = {name.removeprefix(SHARED) for name in content.namelist() if name.startswith(SHARED)}

    assert "share/jupyter/labextensions/jupyterlab-modelops/package.json" in shared
    assert "share/jupyter/labextensions/jupyterlab-modelops/install.json" in shared
    assert "etc/jupyter/jupyter_server_config.d/modelops_server.json" in shared
    templates = {f"share/jupyter/modelops/templates/{path.name}" for path in (root / "templates").glob("*.ipynb")}
    assert templates
    assert templates <= shared


def test_nothing_that_does_not_belong_is_in_it(content: zipfile.ZipFile) -> None:
    strange = re.compile(r"(^|/)(tests|node_modules|__pycache__)(/|$)|^modelops_server/labextension/")

    assert [name for name in content.namelist() if strange.search(name)] == []


def test_no_file_names_the_folder_that_it_was_built_in(content: zipfile.ZipFile, source: Path) -> None:
    assert [name for name in content.namelist() if str(source).encode() in content.read(name)] == []


def test_the_base_requires_nothing_of_the_extras(content: zipfile.ZipFile) -> None:
    metadata = message_from_bytes(content.read(f"jupyterlab_modelops-{modelops.__version__}.dist-info/METADATA"))
    base = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]

    assert base
    assert not [line for line in base if re.match(r"torch|transformers|datasets|ray|vllm", line)]
    assert set(metadata.get_all("Provides-Extra", [])) >= {"train", "quantize", "rag", "serve", "ray", "dev", "all"}


def test_the_server_extension_is_enabled_and_ok(installed: Any) -> None:
    listing = plain(installed.run("jupyter", "server", "extension", "list"))

    assert re.search(r"modelops_server +enabled", listing)
    assert re.search(r"modelops_server +OK", listing)


def test_the_front_end_is_enabled_and_ok(installed: Any) -> None:
    listing = plain(installed.run("jupyter", "labextension", "list"))

    assert f"jupyterlab-modelops v{modelops.__version__} enabled OK (python, jupyterlab-modelops)" in listing


def test_the_command_line_works(installed: Any) -> None:
    assert "quickstart" in installed.run("modelops", "--help")
    assert modelops.__version__ in installed.run("modelops", "--version")


def test_templates_are_found(installed: Any) -> None:
    names = {template["name"] for template in json.loads(installed.run("modelops", "templates", "list", "--json"))}

    assert "sft" in names


def test_torch_is_not_there(installed: Any) -> None:
    probe = "from importlib.util import find_spec; print([n for n in ('torch', 'transformers') if find_spec(n)])"

    assert installed.run("python", "-c", probe).strip() == "[]"


def test_every_module_of_the_base_imports_without_torch(installed: Any) -> None:
    """Modules that work with tensors import torch where they use it, so that help, schemas and errors work without."""
    walk = """
import importlib, pkgutil, modelops, modelops_server
with_torch = ("modelops.training", "modelops_server.endpoints.engines.transformers.")
for package in (modelops, modelops_server):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.startswith(with_torch) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""
    installed.run("python", "-c", walk)
