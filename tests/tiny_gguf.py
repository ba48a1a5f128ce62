"""The tiny model as a GGUF file, for the rooms that read one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest


def write_gguf(folder: Path, path: Path, type: str = "f32", *, fault: str = "") -> None:
    """Write a tiny Llama model in a folder as a GGUF file, the way llama.cpp's converter does.

    ``type`` is ``f32``, ``bf16``, ``q8_0`` or ``q4_0``. A ``fault`` is done without a word: ``skipped`` quantization, a
    ``nan``, a lost ``template`` or ``eos``.
    """
    import gguf
    import numpy as np
    from gguf.quants import quantize
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_text())
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    heads, key_heads = config["num_attention_heads"], config["num_key_value_heads"]
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_license("mit")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    vocabulary = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
    vocabulary += [word for word in ("th", "the") if word not in vocabulary]
    vocabulary += [f"<unused{number}>" for number in range(config["vocab_size"] - len(vocabulary))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(vocabulary)
    writer.add_token_types([3 if token.startswith("<|") else 1 for token in vocabulary])
    writer.add_token_merges(["t h", "th e"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(5 if fault == "eos" else 2)
    if fault != "template":
        writer.add_chat_template((folder / "chat_template.jinja").read_text())
    stored = gguf.GGMLQuantizationType["F32" if fault == "skipped" else type.upper()]
    for name, tensor in load_file(folder / "model.safetensors").items():
        rows = tensor.float().numpy().copy()
        count = heads if "q_proj" in name else key_heads if "k_proj" in name else None
        if count:  # llama.cpp rotates neighbouring rows, transformers the two halves of a head
            rows = rows.reshape(count, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)
        if fault == "nan" and "layers.1.mlp.up_proj" in name:
            rows[3, 5] = np.nan
        kind = stored if rows.ndim > 1 else gguf.GGMLQuantizationType.F32
        converted = names.get_name(name, (".weight",))
        writer.add_tensor(converted, quantize(np.ascontiguousarray(rows), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="session")
def long_gguf(tiny_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, made for prompts of 4,096 of its tokens, which are bytes."""
    folder = tmp_path_factory.mktemp("long")
    shutil.copytree(tiny_model_folder, folder / "model")
    config = folder / "model" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "max_position_embeddings": 4096}))
    write_gguf(folder / "model", folder / "long.F32.gguf")
    return folder / "long.F32.gguf"


@pytest.fixture(scope="session")
def tiny_gguf(tiny_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as an F32 GGUF file."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.F32.gguf"
    write_gguf(tiny_model_folder, path)
    return path
