"""What holds for every file of the tree."""

from __future__ import annotations

import ast
import json
import subprocess
import tomllib
from pathlib import Path

import modelops

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path
    for folder in ("kernels_helpers", "server_ext", "benchmarks", "tests", "extension/src")
    for pattern in ("*.py", "*.ts", "*.tsx")
    for path in (ROOT / folder).rglob(pattern)
    if not {"node_modules", "labextension", ".ipynb_checkpoints"} & set(path.parts)
)
GENERATED = {"extension/src/api/schema.ts"}
LIBRARY = [path for path in MODULES if path.suffix == ".py" and path.parts[len(ROOT.parts)] != "tests"]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_module_is_over_500_lines() -> None:
    long = {
        name(path): lines
        for path in MODULES
        if name(path) not in GENERATED and (lines := len(path.read_text().splitlines())) > 500
    }

    assert long == {}


def test_every_module_says_first_what_it_is_for() -> None:
    assert [name(path) for path in LIBRARY if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_both_halves_have_one_version() -> None:
    assert json.loads((ROOT / "package.json").read_text())["version"] == modelops.__version__


def test_every_requirement_is_pinned_in_the_constraints() -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = (*project["dependencies"], *extras["train"], *extras["rag"], *extras["dev"])
    required = [Requirement(line) for line in lines]
    pins = {
        canonicalize_name(pin.name): pin
        for pin in map(Requirement, (ROOT / "constraints.txt").read_text().split("\n")[:-1])
    }

    assert [str(pin) for pin in pins.values() if not str(pin.specifier).startswith("==") or "+" in str(pin)] == []
    assert [r.name for r in required if canonicalize_name(r.name) not in pins] == []
    assert [
        str(r) for r in required if not r.specifier.contains(str(pins[canonicalize_name(r.name)].specifier).strip("="))
    ] == []


def test_built_and_installed_files_are_not_committed() -> None:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    built = ("node_modules/", ".venv/", "extension/lib/", "server_ext/modelops_server/labextension/", "dist/")
    assert [path for path in listing.splitlines() if path.startswith(built) or "__pycache__" in path] == []
