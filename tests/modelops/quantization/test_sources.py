"""What may be quantized, and an adapter that is merged on the way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from tiny_gguf import write_gguf
from transformers import BitsAndBytesConfig

from modelops.errors import InvalidInput
from modelops.models import Rounding, load_for_inference, load_model, load_tokenizer, rounding_of_gguf
from modelops.models.gguf_files import GGUFHeader, GGUFTensor
from modelops.quantization import merge_adapter, open_source, original_of
from modelops.registry import Artifact, Build, Dependency, Registry

_IMPORTED = Build("import", {}, (Dependency("source", "file:test", "0" * 64),))


@pytest.fixture
def register(registry: Registry) -> Callable[..., Artifact]:
    def store(folder: Path, **metadata: Any) -> Artifact:
        return registry.register(folder, name="small", kind="model", metadata=metadata, build=_IMPORTED)

    return store


def bitsandbytes(folder: Path, target: Path, **options: Any) -> Path:
    load_model(folder, "auto", quantization_config=BitsAndBytesConfig(**options)).save_pretrained(target)
    load_tokenizer(folder).save_pretrained(target)
    return target


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {name: weight.float() for name, weight in load_file(folder / "model.safetensors").items()}


def test_a_model_in_full_precision_is_taken_as_it_is(registry: Registry, tiny_model: Artifact, tmp_path: Path) -> None:
    for force in (False, True):
        with registry.verified_open(tiny_model.ref) as source:
            folder, info, requantized = open_source(source, tmp_path / "dequantized", force=force)
            assert (folder, info.dtype, requantized) == (source.path, "float32", None)
    assert not (tmp_path / "dequantized").exists()


@pytest.mark.parametrize(
    ("type", "code", "said"),
    [
        (
            "q8_0",
            "quantized_already",
            "quantized already .q8_0.: what rounding most of its weights to 8 bits took away does not come back",
        ),
        ("f32", "weights_are_gguf", "is a GGUF file"),
    ],
)
def test_a_gguf_file_is_refused_with_the_model_it_was_made_from(
    registry: Registry, register: Any, tiny_model_folder: Path, tmp_path: Path, type: str, code: str, said: str
) -> None:
    (tmp_path / "gguf").mkdir()
    write_gguf(tiny_model_folder, tmp_path / "gguf" / "tiny.gguf", type)
    small = register(tmp_path / "gguf", base_model="tiny@1")
    with registry.verified_open(small.ref) as source, pytest.raises(InvalidInput, match=said) as refusal:
        open_source(source, tmp_path / "dequantized")
    assert refusal.value.code == code
    assert refusal.value.hint == (
        "Choose the model that it was made from: tiny@1. force_requantize=true takes this one all the same."
    )


def test_a_forced_gguf_file_becomes_the_values_that_its_rounding_left(
    registry: Registry, register: Any, tiny_model_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "gguf").mkdir()
    write_gguf(tiny_model_folder, tmp_path / "gguf" / "tiny.gguf", "q4_0")
    small = register(tmp_path / "gguf", base_model="tiny@1", adapter="bot@2")
    with registry.verified_open(small.ref) as source:
        folder, info, requantized = open_source(source, tmp_path / "dequantized", force=True)
    assert requantized == {"model": "small@1", "method": "q4_0", "bits": 4, "original": "tiny@1 with bot@2"}
    assert (info.format, info.dtype, info.quantization) == ("safetensors", "bfloat16", None)
    expected = load_for_inference(tmp_path / "gguf", torch.bfloat16).model.state_dict()
    found = load_model(folder, "auto").state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_forced_gguf_file_that_was_not_rounded_has_lost_nothing(
    registry: Registry, register: Any, tiny_model_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "gguf").mkdir()
    write_gguf(tiny_model_folder, tmp_path / "gguf" / "tiny.gguf", "f32")
    with registry.verified_open(register(tmp_path / "gguf").ref) as source:
        folder, _, requantized = open_source(source, tmp_path / "dequantized", force=True)
    assert requantized is None
    before, after = weights(tiny_model_folder), weights(folder)
    assert all(torch.equal(after[name], before[name]) for name in before)


@pytest.mark.parametrize(
    ("options", "method", "bits", "steps"),
    [
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}, "nf4", 4, 6),
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "fp4"}, "fp4", 4, 5),
        ({"load_in_8bit": True}, "int8", 8, 240),
    ],
)
def test_a_forced_checkpoint_of_bitsandbytes_becomes_the_values_that_its_rounding_left(
    registry: Registry,
    register: Any,
    tiny_model_folder: Path,
    tmp_path: Path,
    options: dict[str, Any],
    method: str,
    bits: int,
    steps: int,
) -> None:
    small = register(bitsandbytes(tiny_model_folder, tmp_path / "small", **options))
    with registry.verified_open(small.ref) as source:
        folder, info, requantized = open_source(source, tmp_path / "dequantized", force=True)

    assert requantized == {"model": "small@1", "method": f"bitsandbytes {method}", "bits": bits, "original": None}
    assert info.quantization is None
    before, after = weights(tiny_model_folder), weights(folder)
    assert before.keys() == after.keys()
    for name, weight in before.items():
        if ".layers." in name and weight.ndim == 2:
            # Within the coarsest step of its row or block, and not what it was.
            assert 0 < (after[name] - weight).abs().max() <= weight.abs().max() / steps
        else:
            assert torch.equal(after[name], weight)
    assert load_tokenizer(folder).chat_template == load_tokenizer(tiny_model_folder).chat_template


@pytest.mark.parametrize(
    ("config", "method"),
    [
        ({"quant_method": "gptq", "bits": 4}, "gptq"),
        ({"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}, "compressed-tensors nvfp4"),
    ],
)
def test_what_nothing_here_reads_back_is_refused_by_name_also_when_forced(
    registry: Registry, register: Any, tiny_model_folder: Path, tmp_path: Path, config: dict[str, Any], method: str
) -> None:
    shutil.copytree(tiny_model_folder, tmp_path / "small")
    written = json.loads((tmp_path / "small" / "config.json").read_text())
    (tmp_path / "small" / "config.json").write_text(json.dumps({**written, "quantization_config": config}))
    small = register(tmp_path / "small")
    with registry.verified_open(small.ref) as source:
        with pytest.raises(InvalidInput, match=method) as refusal:
            open_source(source, tmp_path / "dequantized", force=True)
        assert refusal.value.code == "cannot_dequantize"
        with pytest.raises(InvalidInput) as refusal:
            open_source(source, tmp_path / "dequantized")
        assert refusal.value.code == "quantized_already"
        assert "force" not in refusal.value.hint


def test_a_gguf_file_is_named_by_what_it_was_written_as() -> None:
    tensors = (GGUFTensor("a", "Q5_0", (576, 9)), GGUFTensor("b", "Q4_K", (256, 9)))
    assert rounding_of_gguf(GGUFHeader({"general.file_type": 15}, tensors)) == Rounding("q4_k_m", 5, "gguf")
    assert rounding_of_gguf(GGUFHeader({}, tensors)) == Rounding("q5_0", 5, "gguf")


def test_the_original_of_a_model_that_was_quantized_twice_is_the_first_one() -> None:
    once = {"base_model": "tiny@1"}
    twice = {"base_model": "small@1", "requantized_from": {"model": "small@1", "original": "tiny@1"}}
    assert (original_of(once), original_of(twice), original_of({})) == ("tiny@1", "tiny@1", None)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_merged_model_computes_what_the_adapter_did_in_the_number_format_of_the_model(
    tiny_model_folder: Path, tmp_path: Path, dtype: torch.dtype
) -> None:
    tokenizer = load_tokenizer(tiny_model_folder)
    load_model(tiny_model_folder, dtype).save_pretrained(tmp_path / "base")
    adapted: Any = get_peft_model(
        load_model(tmp_path / "base", "float32"), LoraConfig(target_modules="all-linear", init_lora_weights=False)
    )
    adapted.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)

    merge_adapter(tmp_path / "base", tmp_path / "adapter", tokenizer, tmp_path / "merged")

    merged = load_model(tmp_path / "merged", "auto")
    assert merged.dtype == dtype
    assert load_tokenizer(tmp_path / "merged").chat_template == tokenizer.chat_template
    tokens = tokenizer("Say 7!", return_tensors="pt")
    with torch.inference_mode():
        expected, found = adapted(**tokens).logits, merged.float()(**tokens).logits
    tolerance = 1e-4 if dtype == torch.float32 else 3e-2
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)
