"""A notebook's door to artifacts."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

import modelops
from modelops.errors import ModelOpsError
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Registry


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


@pytest.fixture
def base(registry: Registry, tmp_path: Path) -> Artifact:
    return _register(registry, tmp_path, "base", "model", {})


def _register(registry: Registry, tmp_path: Path, name: str, kind: str, metadata: dict[str, Any]) -> Artifact:
    (tmp_path / name).mkdir()
    (tmp_path / name / "config.json").write_text(json.dumps({"name": name}))
    build = Build(build_type="import", parameters={}, dependencies=())
    return registry.register(tmp_path / name, name=name, kind=kind, metadata=metadata, build=build)


def test_an_adapter_is_opened_with_the_model_that_it_was_trained_on(
    registry: Registry, base: Artifact, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    metadata = {"base_model": base.ref, "base_digest": base.digest}
    _register(registry, tmp_path, "bot", "adapter", metadata)
    with caplog.at_level(logging.INFO, logger="modelops"):
        adapter, model = modelops.open_adapter("bot")
    assert (adapter.artifact.ref, model.artifact.ref) == ("bot@1", "base@1")
    assert caplog.messages == ["verified bot@1", "verified base@1"]
    assert modelops.open_adapter("bot", base="base@1").base.artifact.ref == "base@1"


def test_another_model_something_else_and_an_unknown_base_are_refused(
    registry: Registry, base: Artifact, tmp_path: Path
) -> None:
    metadata = {"base_model": base.ref, "base_digest": base.digest}
    _register(registry, tmp_path, "bot", "adapter", metadata)
    _register(registry, tmp_path, "stranger", "model", {})
    _register(registry, tmp_path, "orphan", "adapter", {})
    for asked, code in [
        (("bot", "stranger"), "base_model_differs"),
        (("base",), "not_an_adapter"),
        (("orphan",), "base_unknown"),
    ]:
        with pytest.raises(ModelOpsError) as refused:
            modelops.open_adapter(*asked)
        assert refused.value.code == code
