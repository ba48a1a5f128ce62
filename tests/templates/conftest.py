"""Fixtures of the template tests: templates executed by papermill alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from made_environments import made, made_lm_eval
from tiny_answers import learned_model
from tiny_gguf import tiny_gguf

from modelops import events
from modelops_server.environments import Environment

__all__ = ["execute", "learned_model", "llm_compressor", "lm_eval", "made_lm_eval", "tiny_gguf"]

Execute = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Execute:
    """Executes a template with plain papermill, as a job would; returns the events that it reported.

    ``kernel_name`` names another kernel than this process would be.
    """
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


@pytest.fixture(scope="session")
def made_llm_compressor(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return made("llm-compressor", tmp_path_factory)


@pytest.fixture
def llm_compressor(made_llm_compressor: Environment, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The environment ``llm-compressor``, made once for all tests; its kernel can be found."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(made_llm_compressor.folder.parents[1] / "jupyter"))
    return made_llm_compressor


@pytest.fixture
def lm_eval(made_lm_eval: Environment, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The environment ``lm-eval``, made once for all tests; its kernel can be found, and no hub."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(made_lm_eval.folder.parents[1] / "jupyter"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return made_lm_eval
