"""The environments that are shipped, made for real: downloads of up to 150 MB each, and a compilation of minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.paths import StateHome
from modelops_server.environments import State, environment
from modelops_server.environments.creation import create
from modelops_server.environments.definitions import SHIPPED


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.toml")))
def test_it_can_be_made_and_takes_no_more_than_it_says(
    home: StateHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    made = environment(home, name)

    create(made, lambda _: None)

    assert made.state is State.READY
    assert made.problems() == []
    assert (made.size() or 0) <= made.definition.lock.disk
