"""A client of a real server, and notebooks that it can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from modelops import Client


@pytest.fixture
def client(running_server: Any) -> Iterator[Client]:
    with Client(running_server.url, running_server.token) as client:
        yield client


@pytest.fixture
def served_notebook(running_server: Any) -> Callable[..., Path]:
    """Writes a notebook below the server's root; ``parameters`` is the source of its parameters cell."""

    def write(*sources: str, parameters: str = "", name: str = "notebook", **modelops: Any) -> Path:
        cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]})] if parameters else []
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        document = new_notebook(
            cells=[*cells, *map(new_code_cell, sources)], metadata={**metadata, "modelops": modelops}
        )
        path: Path = running_server.root / f"{name}.ipynb"
        nbformat.write(document, path)
        return path

    return write
