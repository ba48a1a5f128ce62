"""Notebooks to read as templates."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WriteNotebook = Callable[..., Path]


@pytest.fixture
def write_notebook(tmp_path: Path) -> WriteNotebook:
    """Writes a notebook whose parameters cell has the given source; ``None`` for a notebook without one."""

    def write(
        source: str | None = None,
        *,
        name: str = "train.ipynb",
        folder: Path = tmp_path,
        metadata: dict[str, Any] | None = None,
        block: Any = None,
    ) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        cells: list[dict[str, Any]] = [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Train a model\n", "with care"]},
            {"cell_type": "code", "metadata": {}, "source": "print(1)", "outputs": [], "execution_count": None},
        ]
        if source is not None:
            cells.insert(1, {**cells[1], "metadata": {"tags": ["parameters"]}, "source": source})
        notebook = {"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": metadata or {}}
        if block is not None:
            notebook["metadata"] = {**(metadata or {}), "modelops": block}
        path = folder / name
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path

    return write
