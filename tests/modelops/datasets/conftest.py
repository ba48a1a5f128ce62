"""Sources of datasets, good and bad."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.paths import StateHome
from modelops.registry import Registry

Write = Callable[..., Path]


@pytest.fixture
def registry(home: StateHome) -> Registry:
    return Registry(home)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file: bytes and text as they are, rows as one JSON object on each line."""

    def write(name: str, content: bytes | str | list[Any]) -> Path:
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def ask() -> Callable[..., dict[str, Any]]:
    """A chat row of one question and its answer."""

    def ask(question: str = "What is a blob?", answer: str = "Stored bytes, named by their hash.") -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}

    return ask
