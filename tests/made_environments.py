"""Environments that are really made, once for all tests that need one."""

from __future__ import annotations

import pytest

from modelops.paths import StateHome
from modelops_server.environments import Environment, environment
from modelops_server.environments.creation import create


def made(name: str, factory: pytest.TempPathFactory) -> Environment:
    """A shipped environment, in a state home of its own."""
    folder = factory.mktemp(name)
    found = environment(StateHome(folder), name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(folder / "jupyter"))
        create(found, lambda _: None)
    return found


@pytest.fixture(scope="session")
def made_lm_eval(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment ``lm-eval``."""
    return made("lm-eval", tmp_path_factory)
