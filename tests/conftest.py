"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from modelops.paths import StateHome


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateHome:
    """A fresh, empty state home that this process and its children use."""
    root = tmp_path / "home"
    monkeypatch.setenv("MODELOPS_HOME", str(root))
    return StateHome(root)
