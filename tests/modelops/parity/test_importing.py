"""Models that are added with their golden prompts, by which what serves them is held to what they answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.parity import find_golden, import_with_golden, record_golden
from modelops.registry import Registry


def test_what_is_probed_has_golden_prompts_beside_it(registry: Registry, smollm2_folder: Path) -> None:
    found = import_with_golden(str(smollm2_folder), name="smollm2", registry=registry)
    again = import_with_golden(str(smollm2_folder), name="smollm2", registry=registry)

    golden = find_golden(registry, "smollm2")
    assert golden is not None
    assert "Paris" in golden.answers[0].text
    assert golden.subject == {"ref": "smollm2@1", "digest": found.artifact.digest}
    assert "golden.json" not in {file.path for file in found.artifact.files}
    assert (found.new, again.new) == (True, False)
    assert [artifact.ref for artifact in registry.list()] == ["smollm2-golden@1", "smollm2@1"]


def test_what_is_not_probed_has_none(registry: Registry, tiny_model_folder: Path) -> None:
    import_with_golden(str(tiny_model_folder), name="tiny", registry=registry, probe=False)

    assert find_golden(registry, "tiny") is None
    assert [artifact.ref for artifact in registry.list()] == ["tiny@1"]


@pytest.mark.parametrize(("patience", "asked"), [(None, 4), (0.0, 1)])
def test_one_prompt_is_asked_however_slow_the_model_is(
    tiny_model_folder: Path, patience: float | None, asked: int
) -> None:
    from modelops.models import load_for_inference

    assert len(record_golden(*load_for_inference(tiny_model_folder), patience=patience).answers) == asked
