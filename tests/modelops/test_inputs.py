"""A notebook's door to artifacts."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import modelops
from modelops.paths import StateHome
from modelops.registry import Build, Registry


def test_an_opened_artifact_is_verified_noted_as_an_input_and_gone_after_closing(
    home: StateHome, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "bot"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    build = Build(build_type="import", parameters={}, dependencies=())
    Registry(home).register(folder, name="support-bot", kind="adapter", metadata={}, build=build)

    with caplog.at_level(logging.INFO, logger="modelops"):
        opened = modelops.open_artifact("support-bot@1")

    assert (opened.path / "adapter_config.json").read_text() == "{}"
    assert caplog.messages == ["verified support-bot@1"]
    opened.close()
    assert not opened.path.exists()
