"""An artifact's golden prompts are its own, else those of its newest evaluation, and never another artifact's."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import InvalidInput, NotFound, VerificationError
from modelops.parity import FILE, Golden, find_golden
from modelops.registry import Artifact, Build, Registry


@pytest.fixture
def register(registry: Registry, tmp_path: Path) -> Any:
    def run(name: str, kind: str = "model", golden: Golden | None = None, inputs: tuple[Artifact, ...] = ()) -> Any:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "file").write_text(name)
        if golden:
            golden.write(folder)
        build = Build("job", {}, tuple(item.as_dependency("model") for item in inputs))
        return registry.register(folder, name=name, kind=kind, metadata={}, build=build)

    return run


def of(golden: Golden, artifact: Artifact, device: str = "cpu") -> Golden:
    """The golden prompts as an evaluation of ``artifact`` records them."""
    subject = {"ref": artifact.ref, "digest": artifact.digest}
    return dataclasses.replace(golden, subject=subject, computed={"device": device})


def test_its_own_come_first(registry: Registry, register: Any, golden: Golden) -> None:
    model = register("model", golden=golden)
    register("evaluation", "evaluation", of(golden, model), (model,))

    found = find_golden(registry, "model")
    assert found is not None
    assert found.subject is None
    assert found.as_json() == golden.as_json()


def test_else_those_of_the_newest_evaluation(registry: Registry, register: Any, golden: Golden) -> None:
    model = register("model")
    register("evaluation", "evaluation", of(golden, model, "old"), (model,))
    register("evaluation", "evaluation", of(golden, model, "new"), (model,))
    (registry.home.root.parent / "evaluation" / FILE).unlink()
    register("evaluation", "evaluation", None, (model,))  # of a version that recorded none

    found = find_golden(registry, model.ref)
    assert found is not None
    assert found.computed["device"] == "new"


def test_an_evaluation_of_something_else_that_used_it_does_not_count(
    registry: Registry, register: Any, golden: Golden
) -> None:
    base = register("base")
    adapter = register("adapter", "adapter")
    register("evaluation", "evaluation", of(golden, adapter), (base, adapter))
    register("quantized", golden=golden, inputs=(base,))

    assert find_golden(registry, "adapter") is not None
    assert find_golden(registry, "base") is None


def test_another_version_does_not_count(registry: Registry, register: Any, golden: Golden) -> None:
    first = register("model")
    register("evaluation", "evaluation", of(golden, first), (first,))
    second = register("model")

    assert find_golden(registry, second.ref) is None
    assert find_golden(registry, first.ref) is not None


def test_only_what_is_signed_is_read(registry: Registry, register: Any, golden: Golden) -> None:
    model = register("model", golden=golden)
    [entry] = [file for file in model.files if file.path == FILE]
    blob = registry.blobs.path(entry.sha256)
    blob.chmod(0o644)
    blob.write_text(blob.read_text().replace("Paris", "Rome ").replace("capital", "Capital"))

    with pytest.raises(VerificationError):
        find_golden(registry, "model")


def test_an_unknown_artifact_and_a_file_of_another_format(registry: Registry, register: Any, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        find_golden(registry, "nothing")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / FILE).write_text("{}")
    register("model")
    with pytest.raises(InvalidInput):
        find_golden(registry, "model")
