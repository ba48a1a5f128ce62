"""Fixtures of the template tests: a registry with a tiny model and a small dataset in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from modelops import events
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Dependency, Registry

IMPORTED = Build("import", {"source": "test"}, (Dependency("source", "file:test", "0" * 64),))


@pytest.fixture
def registry(home: StateHome) -> Registry:
    return Registry(home)


@pytest.fixture
def tiny_model(registry: Registry, tiny_model_folder: Path) -> Artifact:
    return registry.register(tiny_model_folder, name="tiny", kind="model", metadata={}, build=IMPORTED)


@pytest.fixture
def chats(registry: Registry, tmp_path: Path) -> Artifact:
    """Questions whose answers follow a rule, so that a few steps are enough to learn something."""
    folder = tmp_path / "chats"
    (folder / "data").mkdir(parents=True)
    for split, numbers in {"train": range(40), "test": range(40, 48)}.items():
        rows = [
            {
                "messages": [
                    {"role": "user", "content": f"Say {number}!"},
                    {"role": "assistant", "content": f"ok {number} " + "yes " * (number % 7)},
                ]
            }
            for number in numbers
        ]
        (folder / "data" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return registry.register(
        folder, name="chats", kind="dataset", metadata={"format": "messages", "rows": 48}, build=IMPORTED
    )


Execute = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Execute:
    """Executes a template with plain papermill, as a job would; returns the events that it reported."""
    import papermill

    def run(template: str, **parameters: Any) -> list[dict[str, Any]]:
        source = Path(__file__).parents[2] / "templates" / f"{template}.ipynb"
        output = tmp_path / f"{template}.ipynb"
        monkeypatch.setenv(events.JOB_FOLDER, str(tmp_path / "job"))
        (tmp_path / "job").mkdir(exist_ok=True)
        papermill.execute_notebook(source, output, parameters, progress_bar=False, cwd=tmp_path)
        cells = nbformat.read(output, as_version=4).cells
        outputs = (shown for cell in cells for shown in cell.get("outputs", []))
        return [shown["data"][events.MIME] for shown in outputs if events.MIME in shown.get("data", {})]

    return run
