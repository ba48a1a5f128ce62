"""A Jupyter server in this process, with the extension loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

# Its hooks run coroutine tests on the server's loop; imported here, they concern this folder only.
from pytest_jupyter.jupyter_server import *  # noqa: F403

from modelops.paths import StateHome


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateHome:
    """Named otherwise than everywhere else: ``tmp_path/home`` is the user's home folder here."""
    root = tmp_path / "state"
    monkeypatch.setenv("MODELOPS_HOME", str(root))
    return StateHome(root)


@pytest.fixture
def jp_root_dir(tmp_path: Path) -> Path:
    """Where the tests' notebooks are: requests name them by paths below the server's root folder."""
    return tmp_path


@pytest.fixture
def jp_server_config(home: StateHome) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"modelops_server": True}},
        "ModelOpsApp": {"state_home": str(home.root), "schedule": False},
    }
