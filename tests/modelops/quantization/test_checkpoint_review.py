"""The review finds what makes a quantized checkpoint worse without an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BitsAndBytesConfig

from modelops.models import load_model, load_tokenizer
from modelops.quantization import Review, checkpoint_bits, quantizable_layers, review_checkpoint

Tensors = dict[str, torch.Tensor]

CONFIGS = {
    "nf4": {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
    "int8": {"load_in_8bit": True},
}


def write_checkpoint(model: Path, folder: Path, scheme: str) -> None:
    """A checkpoint of a tiny model by bitsandbytes, or packed as llm-compressor does it, from rounded weights."""
    load_tokenizer(model).save_pretrained(folder)
    if scheme in CONFIGS:
        config = BitsAndBytesConfig(**CONFIGS[scheme])
        load_model(model, "auto", quantization_config=config).save_pretrained(folder)
        return
    whole = load_model(model, "auto")
    whole.save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    for layer in quantizable_layers(model):
        weight = tensors.pop(f"{layer.name}.weight")
        groups = weight.reshape(layer.rows, -1, 64 if scheme == "W4A16" else layer.columns)
        limit = 7 if scheme == "W4A16" else 127
        scale = groups.abs().amax(-1, keepdim=True) / limit
        rounded = (groups / scale).round().reshape(weight.shape).to(torch.int32)
        tensors[f"{layer.name}.weight_scale"] = scale.squeeze(-1).half()
        if scheme == "W4A16":
            shifts = torch.arange(0, 32, 4)
            packed = ((rounded + 8).reshape(layer.rows, -1, 8) << shifts).sum(-1)
            tensors[f"{layer.name}.weight_packed"] = packed.to(torch.int32)
            tensors[f"{layer.name}.weight_shape"] = torch.tensor(weight.shape)
        else:
            tensors[f"{layer.name}.weight"] = rounded.to(torch.int8)
    save_file(tensors, folder / "model.safetensors")
    change_json(folder / "config.json", lambda config: config.update(quantization_config={"quant_method": "x"}))


def change_json(path: Path, change: Callable[[dict], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def change_tensors(folder: Path, change: Callable[[Tensors], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def review(model: Path, folder: Path, scheme: str) -> Review:
    layers = quantizable_layers(model)
    bits = checkpoint_bits(scheme, layers, 64 if scheme == "W4A16" else None)
    return review_checkpoint(folder, model, load_tokenizer(model), layers, scheme, bits)


def codes(model: Path, folder: Path, scheme: str) -> list[str]:
    return [problem.code for problem in review(model, folder, scheme).problems]


@pytest.mark.parametrize("scheme", ["nf4", "int8", "W4A16", "W8A8"])
def test_a_checkpoint_as_it_was_asked_for_has_no_problem(tiny_model_folder: Path, tmp_path: Path, scheme: str) -> None:
    write_checkpoint(tiny_model_folder, tmp_path, scheme)

    found = review(tiny_model_folder, tmp_path, scheme)

    assert found.problems == ()
    assert found.fallbacks == ()
    assert found.parameters == load_model(tiny_model_folder).num_parameters()
    linear = sum(layer.rows * layer.columns for layer in quantizable_layers(tiny_model_folder))
    assert found.stored == {scheme: linear, "F32": found.parameters - linear}


def skip_one(tensors: Tensors) -> None:
    name = "model.layers.1.mlp.up_proj"
    for part in [key for key in tensors if key.startswith(name)]:
        del tensors[part]
    tensors[f"{name}.weight"] = torch.ones(128, 64)


def poison_scale(tensors: Tensors) -> None:
    tensors["model.layers.0.mlp.up_proj.SCB"][3] = torch.nan


def test_a_layer_that_was_left_out_is_named(tiny_model_folder: Path, tmp_path: Path) -> None:
    write_checkpoint(tiny_model_folder, tmp_path, "int8")
    change_tensors(tmp_path, skip_one)

    found = review(tiny_model_folder, tmp_path, "int8")

    [problem] = found.problems
    assert problem.code == "quantization_not_applied"
    assert problem.message.startswith("1 of 14 layers are not quantized, such as model.layers.1.mlp.up_proj")
    assert [weight.name for weight in found.fallbacks] == ["model.layers.1.mlp.up_proj.weight"]


def test_a_model_that_was_not_quantized_at_all_is_found(tiny_model_folder: Path, tmp_path: Path) -> None:
    load_model(tiny_model_folder, "auto").save_pretrained(tmp_path)
    load_tokenizer(tiny_model_folder).save_pretrained(tmp_path)
    assert {*codes(tiny_model_folder, tmp_path, "nf4")} == {"quantization_not_applied"}


def test_fewer_bits_than_asked_for_are_found(tiny_model_folder: Path, tmp_path: Path) -> None:
    write_checkpoint(tiny_model_folder, tmp_path, "nf4")
    assert codes(tiny_model_folder, tmp_path, "int8") == ["quantization_not_applied"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (lambda folder: change_tensors(folder, poison_scale), "non_finite_weights"),
        (lambda folder: (folder / "chat_template.jinja").unlink(), "chat_template_lost"),
        (
            lambda folder: change_json(folder / "tokenizer_config.json", lambda one: one.update(eos_token="</s>")),
            "eos_lost",
        ),
        (
            lambda folder: change_json(folder / "generation_config.json", lambda one: one.update(eos_token_id=0)),
            "eos_lost",
        ),
        (
            lambda folder: change_json(folder / "config.json", lambda one: one.pop("quantization_config")),
            "quantization_not_applied",
        ),
    ],
)
def test_each_silent_failure_is_found_and_no_other(
    tiny_model_folder: Path, tmp_path: Path, fault: Callable[[Path], object], code: str
) -> None:
    write_checkpoint(tiny_model_folder, tmp_path, "int8")
    fault(tmp_path)
    assert codes(tiny_model_folder, tmp_path, "int8") == [code]
