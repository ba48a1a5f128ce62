"""Fixtures of the template tests: templates executed by papermill alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tiny_gguf import tiny_gguf

from modelops import events

__all__ = ["execute", "tiny_gguf"]

Execute = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Execute:
    """Executes a template with plain papermill, as a job would; returns the events that it reported."""
    import papermill

    def run(template: str, *, kernel_name: str | None = None, **parameters: Any) -> list[dict[str, Any]]:
        source = Path(__file__).parents[2] / "templates" / f"{template}.ipynb"
        output = tmp_path / f"{template}.ipynb"
        monkeypatch.setenv(events.JOB_FOLDER, str(tmp_path / "job"))
        (tmp_path / "job").mkdir(exist_ok=True)
        papermill.execute_notebook(
            source, output, parameters, progress_bar=False, cwd=tmp_path, kernel_name=kernel_name
        )
        cells = nbformat.read(output, as_version=4).cells
        outputs = (shown for cell in cells for shown in cell.get("outputs", []))
        return [shown["data"][events.MIME] for shown in outputs if events.MIME in shown.get("data", {})]

    return run
