"""An environment whose converter is played: it writes real GGUF files of tiny models, and fails as it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_gguf import tiny_gguf
from tiny_llamacpp import write_converter

__all__ = ["converter", "tiny_gguf"]


@pytest.fixture
def converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a converter that this process takes for that of its environment."""
    monkeypatch.setattr("sys.prefix", str(tmp_path / "environment"))
    return write_converter(tmp_path / "environment")
