"""A GGUF file becomes the model it was made from, with its tokenizer and chat template."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.models import inspect_model
from modelops.models.adding import quietly
from modelops.models.dequantization import dequantize, storage_dtype
from modelops.models.gguf_files import GGUFHeader, GGUFTensor, read_gguf_header
from modelops.models.loading import load_tokenizer


@pytest.fixture(scope="module")
def dequantized(tiny_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dequantized")
    dequantize(tiny_gguf, folder, quietly)
    return folder


def test_the_weights_come_back_exactly(dequantized: Path, tiny_model_folder: Path) -> None:
    import numpy as np
    from safetensors.numpy import load_file

    original, restored = (load_file(folder / "model.safetensors") for folder in (tiny_model_folder, dequantized))
    assert original.keys() == restored.keys()
    for name, tensor in original.items():
        np.testing.assert_array_equal(restored[name], tensor, err_msg=name)


def test_the_chat_template_comes_along(dequantized: Path, tiny_model_folder: Path) -> None:
    assert inspect_model(dequantized).chat_template == inspect_model(tiny_model_folder).chat_template


def test_the_end_of_a_turn_is_the_files_own(dequantized: Path, tiny_model_folder: Path) -> None:
    restored, original = load_tokenizer(dequantized), load_tokenizer(tiny_model_folder)
    assert (restored.bos_token, restored.eos_token) == (original.bos_token, original.eos_token)


def test_a_file_that_lacks_a_tensor_is_refused(tiny_gguf: Path, tmp_path: Path) -> None:
    path = tmp_path / "lacking.gguf"
    content = tiny_gguf.read_bytes()
    assert content.count(b"blk.1.ffn_up.weight") == 1
    path.write_bytes(content.replace(b"blk.1.ffn_up.weight", b"blk.1.ffn_xx.weight"))
    (tmp_path / "model").mkdir()
    with pytest.raises(InvalidInput, match="missing from the file") as refusal:
        dequantize(path, tmp_path / "model", quietly)
    assert refusal.value.code == "incomplete_weights"


def test_an_unknown_architecture_is_refused(tiny_gguf: Path, tmp_path: Path) -> None:
    path = tmp_path / "unknown.gguf"
    path.write_bytes(tiny_gguf.read_bytes().replace(b"llama", b"lxama"))
    (tmp_path / "model").mkdir()
    with pytest.raises(InvalidInput, match="lxama") as refusal:
        dequantize(path, tmp_path / "model", quietly)
    assert refusal.value.code == "unsupported_architecture"


@pytest.mark.parametrize(
    ("stored", "dtype"),
    [("F32", "float32"), ("F16", "float16"), ("BF16", "bfloat16"), ("Q4_1", "bfloat16"), ("Q8_0", "bfloat16")],
)
def test_weights_keep_their_format_and_quantized_ones_become_bfloat16(stored: str, dtype: str) -> None:
    tensors = (GGUFTensor("big", stored, (64, 64)), GGUFTensor("norm", "F32", (64,)))
    assert storage_dtype(GGUFHeader({}, tensors)) == dtype


@pytest.mark.full
def test_the_real_model_answers(smollm2_folder: Path) -> None:
    import torch

    from modelops.models import load_model

    tokenizer, model = load_tokenizer(smollm2_folder), load_model(smollm2_folder, dtype="float32")
    question = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.inference_mode():
        answer = model.generate(**prompt, max_new_tokens=24, do_sample=False)
    text = tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :])
    assert "Paris" in text
    assert text.endswith(str(tokenizer.eos_token))


def test_the_real_models_size_is_what_was_stored(smollm2_gguf: Path, smollm2_folder: Path) -> None:
    info = inspect_model(smollm2_folder)
    assert info.parameter_count == read_gguf_header(smollm2_gguf).parameter_count
    assert info.dtype == "bfloat16"
