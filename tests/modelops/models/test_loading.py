"""Models are loaded from local safetensors, without remote code, in a number format that is fast here."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.models import fast_dtype, load_model, load_tokenizer
from modelops.models.loading import attention_implementation


def test_a_model_is_loaded_in_a_format_that_is_fast_here(tiny_model_folder: Path) -> None:
    model = load_model(tiny_model_folder)
    assert model.dtype == fast_dtype()
    assert not model.training
    assert model.config._attn_implementation == attention_implementation()


def test_the_format_can_be_chosen(tiny_model_folder: Path) -> None:
    import torch

    assert load_model(tiny_model_folder, dtype="bfloat16").dtype == torch.bfloat16
    assert load_model(str(tiny_model_folder), dtype=torch.float64).dtype == torch.float64


def test_a_processor_without_bfloat16_arithmetic_gets_float32() -> None:
    import torch

    expected = torch.float32
    processor = Path("/proc/cpuinfo").read_text()
    if torch.cuda.is_available() or "amx_bf16" in processor or "avx512_bf16" in processor:
        expected = torch.bfloat16
    assert fast_dtype() == expected


def test_weights_that_are_no_safetensors_are_not_loaded(model: Path) -> None:
    import torch

    weights = load_model(model).state_dict()
    (model / "model.safetensors").unlink()
    torch.save(weights, model / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        load_model(model)


def test_a_name_that_is_no_folder_is_not_looked_up_on_the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for load in (load_tokenizer, load_model):
        with pytest.raises(InvalidInput) as refusal:
            load("gpt2")
        assert refusal.value.code == "model_not_found"
