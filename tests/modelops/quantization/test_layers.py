"""The layers that are quantized, and the groups that fit into their rows, known before a weight is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.quantization import Layer, checkpoint_bits, fitting_group_size, quantizable_layers


def test_every_linear_layer_but_the_output_head(tiny_model_folder: Path) -> None:
    layers = quantizable_layers(tiny_model_folder)

    assert len(layers) == 2 * 7
    assert layers[0] == Layer("model.layers.0.self_attn.q_proj", 64, 64)
    assert layers[6] == Layer("model.layers.0.mlp.down_proj", 64, 128)


def test_an_architecture_that_transformers_does_not_know_is_refused_with_those_it_knows(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "abacus", "architectures": ["AbacusForCausalLM"]}')
    with pytest.raises(InvalidInput, match="abacus") as refusal:
        quantizable_layers(tmp_path)
    assert refusal.value.code == "unsupported_architecture"
    assert "LlamaForCausalLM" in refusal.value.details["supported"]


def test_a_model_without_such_layers_is_refused_and_the_tool_may_know_others(tmp_path: Path) -> None:
    config = {"model_type": "gpt2", "n_layer": 1, "n_embd": 32, "n_head": 2, "vocab_size": 64, "n_positions": 16}
    (tmp_path / "config.json").write_text(json.dumps(config))

    with pytest.raises(InvalidInput, match="GPT2LMHeadModel has no layers of the class Linear") as refusal:
        quantizable_layers(tmp_path)
    assert refusal.value.code == "unsupported_architecture"
    # GPT-2 keeps the weights of its layers as [columns, rows].
    assert Layer("transformer.h.0.mlp.c_fc", 128, 32) in quantizable_layers(tmp_path, ("Linear", "Conv1D"))


@pytest.mark.parametrize(
    ("columns", "size"), [((4096, 11008), 128), ((576, 1536), 64), ((64, 128), 64), ((96, 128), 32)]
)
def test_the_largest_group_that_fits_every_layer_is_chosen(columns: tuple[int, ...], size: int) -> None:
    layers = tuple(Layer(f"layer{place}", 8, count) for place, count in enumerate(columns))
    assert fitting_group_size(layers) == size
    assert fitting_group_size(layers, size // 2) == size // 2


def test_a_group_size_that_does_not_fit_is_refused_by_the_names_of_the_layers() -> None:
    shapes = {"attn.q_proj": 576, "attn.o_proj": 576, "mlp.down_proj": 1536}
    layers = tuple(Layer(f"model.layers.{n}.{kind}", 576, columns) for n in (0, 1) for kind, columns in shapes.items())
    with pytest.raises(InvalidInput) as refusal:
        fitting_group_size(layers, 128)
    assert refusal.value.code == "group_size_does_not_fit"
    assert refusal.value.message == (
        "4 layers have columns that groups of 128 do not divide (576 columns: attn.q_proj, attn.o_proj)."
    )
    assert refusal.value.details["layers"] == [layer.name for layer in layers if layer.columns == 576]
    assert refusal.value.hint == "Choose 64 or 32, or leave group_size empty."


def test_where_no_group_fits_the_scheme_without_groups_is_named() -> None:
    with pytest.raises(InvalidInput, match="odd") as refusal:
        fitting_group_size((Layer("odd", 8, 100),))
    assert "W8A8" in refusal.value.hint


@pytest.mark.parametrize(
    ("scheme", "group", "bits"),
    [("nf4", None, 4.127), ("int8", None, 8 + 32 / 64), ("W4A16", 64, 4.25), ("W8A8", None, 8 + 16 / 64)],
)
def test_the_bits_of_a_weight_include_its_share_of_the_scales(scheme: str, group: int | None, bits: float) -> None:
    assert checkpoint_bits(scheme, [Layer("q_proj", 32, 64)], group) == pytest.approx(bits, abs=1e-3)
