"""What may be quantized, and an adapter that is merged on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny_gguf import write_gguf

from modelops.errors import InvalidInput
from modelops.models import load_model, load_tokenizer
from modelops.quantization import inspect_unquantized, merge_adapter
from modelops.registry import Artifact, Build, Dependency, Registry

_IMPORTED = Build("import", {}, (Dependency("source", "file:test", "0" * 64),))


def test_a_model_in_full_precision_is_described(registry: Registry, tiny_model: Artifact) -> None:
    with registry.verified_open(tiny_model.ref) as source:
        assert inspect_unquantized(source).dtype == "float32"


@pytest.mark.parametrize(
    ("type", "code", "said"),
    [("q8_0", "quantized_already", "quantized already .q8_0."), ("f32", "weights_are_gguf", "is a GGUF file")],
)
def test_a_gguf_file_is_refused_with_the_model_it_was_made_from(
    registry: Registry, tiny_model_folder: Path, tmp_path: Path, type: str, code: str, said: str
) -> None:
    write_gguf(tiny_model_folder, tmp_path / "tiny.gguf", type)
    small = registry.register(tmp_path, name="small", kind="model", metadata={"base_model": "tiny@1"}, build=_IMPORTED)
    with (
        registry.verified_open(small.ref) as source,
        pytest.raises(InvalidInput, match=said) as refusal,
    ):
        inspect_unquantized(source)
    assert refusal.value.code == code
    assert refusal.value.hint == "Choose the model that it was made from: tiny@1."


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
