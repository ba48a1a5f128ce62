"""Whatever form a model is stored in, it is loaded with its tokenizer and computes what its weights say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import BitsAndBytesConfig

from modelops.errors import InvalidInput, Unavailable
from modelops.models import Loaded, load_adapted, load_for_inference, load_model, load_tokenizer


def _logits(loaded: Loaded) -> torch.Tensor:
    assert not loaded.model.training
    with torch.inference_mode():
        return loaded.model(**loaded.tokenizer("Say 7!", return_tensors="pt")).logits


def test_safetensors(tiny_model_folder: Path) -> None:
    loaded = load_for_inference(tiny_model_folder, "float32")
    expected = Loaded(load_model(tiny_model_folder, "float32"), load_tokenizer(tiny_model_folder))
    torch.testing.assert_close(_logits(loaded), _logits(expected))


def test_a_gguf_file_with_its_own_tokenizer(tiny_gguf: Path, tiny_model_folder: Path, tmp_path: Path) -> None:
    shutil.copy(tiny_gguf, tmp_path)
    (tmp_path / "README.md").write_text("# tiny")
    loaded = load_for_inference(tmp_path, "float32")
    torch.testing.assert_close(_logits(loaded), _logits(load_for_inference(tiny_model_folder, "float32")))
    assert loaded.tokenizer.eos_token == "<|im_end|>"
    assert loaded.tokenizer.chat_template
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["README.md", "tiny.F32.gguf"]


def test_of_several_gguf_files_none_is_guessed(tiny_gguf: Path, tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        shutil.copy(tiny_gguf, tmp_path / name)
    with pytest.raises(InvalidInput, match=r"a\.gguf, b\.gguf"):
        load_for_inference(tmp_path)


def test_a_quantized_checkpoint_stays_quantized(tiny_model_folder: Path, tmp_path: Path) -> None:
    quantization = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype="float32")
    load_model(tiny_model_folder, "float32", quantization_config=quantization).save_pretrained(tmp_path)
    load_tokenizer(tiny_model_folder).save_pretrained(tmp_path)
    loaded = load_for_inference(tmp_path, "float32")
    assert loaded.model.model.layers[0].mlp.up_proj.weight.dtype == torch.uint8
    # A CPU with AVX-512 BF16 computes with 4 bits in bfloat16, unless it is told otherwise.
    whole = load_model(tmp_path, "float32").dequantize()
    torch.testing.assert_close(_logits(loaded), _logits(Loaded(whole, loaded.tokenizer)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_four_bits_are_computed_with_in_the_number_format_that_is_asked_for(
    tiny_model_folder: Path, tmp_path: Path, dtype: torch.dtype
) -> None:
    named = "bfloat16" if dtype == torch.float32 else "float32"
    quantization = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=named)
    load_model(tiny_model_folder, "float32", quantization_config=quantization).save_pretrained(tmp_path)
    load_tokenizer(tiny_model_folder).save_pretrained(tmp_path)

    loaded = load_for_inference(tmp_path, dtype)

    whole = load_model(tmp_path, dtype).dequantize()
    expected = _logits(Loaded(whole.to(dtype), loaded.tokenizer))
    tolerance = 1e-5 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(_logits(loaded), expected, atol=tolerance, rtol=tolerance)
    assert loaded.model.model.layers[0].mlp.up_proj.compute_dtype == dtype


def test_a_checkpoint_whose_package_is_missing_says_which(tiny_model_folder: Path, tmp_path: Path) -> None:
    import json

    shutil.copytree(tiny_model_folder, tmp_path, dirs_exist_ok=True)
    config = json.loads((tmp_path / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "hqq"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(Unavailable, match="hqq") as refused:
        load_for_inference(tmp_path)
    assert refused.value.code == "quantization_not_installed"


def test_an_adapter_beside_its_base(tiny_model_folder: Path, tmp_path: Path) -> None:
    plain = load_for_inference(tiny_model_folder, "float32")
    torch.manual_seed(0)
    lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    adapted = get_peft_model(load_model(tiny_model_folder, "float32"), lora).eval()
    adapted.save_pretrained(tmp_path, save_embedding_layers=False)
    loaded = load_adapted(tiny_model_folder, tmp_path, "float32")
    torch.testing.assert_close(_logits(loaded), _logits(Loaded(adapted, plain.tokenizer)))
    assert (_logits(loaded) - _logits(plain)).abs().max() > 1e-2
