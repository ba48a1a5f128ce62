"""Models to add, whole and damaged."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_gguf import tiny_gguf

from modelops.paths import StateHome
from modelops.registry import Registry

__all__ = ["tiny_gguf"]


@pytest.fixture
def model(tiny_model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that a test may damage."""
    return Path(shutil.copytree(tiny_model_folder, tmp_path / "model"))


@pytest.fixture
def registry(home: StateHome) -> Registry:
    """The registry of a fresh state home."""
    return Registry(home)


@pytest.fixture
def safetensors(tmp_path: Path) -> Callable[..., Path]:
    """Writes a safetensors file from a header (an object, or its bytes) and the bytes of its tensors."""

    def write(header: dict[str, Any] | bytes, content: bytes = b"", length: int | None = None) -> Path:
        encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
        path = tmp_path / "model.safetensors"
        path.write_bytes(struct.pack("<Q", len(encoded) if length is None else length) + encoded + content)
        return path

    return write
