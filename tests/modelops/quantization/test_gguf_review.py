"""The review finds what makes a GGUF file worse without an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_gguf import write_gguf

from modelops.errors import InvalidInput
from modelops.models import load_tokenizer
from modelops.quantization import Review, review_gguf


def review(folder: Path, target: Path, type: str, fault: str = "", written: str = "") -> Review:
    write_gguf(folder, target, written or type, fault=fault)
    return review_gguf(target, type, load_tokenizer(folder))


@pytest.mark.parametrize("type", ["f32", "bf16", "q8_0", "q4_0"])
def test_a_file_as_it_was_asked_for_has_no_problem(tiny_model_folder: Path, tmp_path: Path, type: str) -> None:
    found = review(tiny_model_folder, tmp_path / "tiny.gguf", type)

    assert found.problems == ()
    assert found.fallbacks == ()
    assert next(iter(found.stored)) == type.upper()
    assert found.as_json()["parameters"] == found.parameters > 0


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("skipped", "quantization_not_applied"),
        ("nan", "non_finite_weights"),
        ("template", "chat_template_lost"),
        ("eos", "eos_lost"),
    ],
)
def test_each_silent_failure_is_found_and_no_other(
    tiny_model_folder: Path, tmp_path: Path, fault: str, code: str
) -> None:
    # Only a 32-bit value can be planted among blocks without touching their neighbours.
    found = review(tiny_model_folder, tmp_path / "tiny.gguf", "f32" if fault == "nan" else "q8_0", fault)
    assert [problem.code for problem in found.problems] == [code]


def test_a_file_in_fewer_bits_than_asked_for_is_found(tiny_model_folder: Path, tmp_path: Path) -> None:
    found = review(tiny_model_folder, tmp_path / "tiny.gguf", "q8_0", written="q4_0")
    assert [problem.code for problem in found.problems] == ["quantization_not_applied"]


def test_tensors_whose_rows_are_not_made_of_whole_blocks_are_listed(tiny_model_folder: Path, tmp_path: Path) -> None:
    # Rows of 64: no K type has blocks that small, so all matrices would have fallen back.
    found = review(tiny_model_folder, tmp_path / "tiny.gguf", "q2_k", written="q4_0")

    assert {weight.type for weight in found.fallbacks} == {"Q4_0"}
    assert "blk.0.attn_q.weight" in {weight.name for weight in found.fallbacks}
    assert found.problems == ()


def test_a_file_that_is_cut_off_is_refused(tiny_model_folder: Path, tmp_path: Path) -> None:
    write_gguf(tiny_model_folder, tmp_path / "tiny.gguf")
    content = (tmp_path / "tiny.gguf").read_bytes()
    (tmp_path / "tiny.gguf").write_bytes(content[:-100])
    with pytest.raises(InvalidInput) as refusal:
        review_gguf(tmp_path / "tiny.gguf", "f32", load_tokenizer(tiny_model_folder))
    assert refusal.value.code == "gguf_truncated"
