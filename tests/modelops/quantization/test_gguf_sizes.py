"""Sizes of GGUF files before they are written: each tensor's type by llama.cpp's rule, and the vocabulary."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from tiny_gguf import write_gguf

from modelops.models.gguf_files import read_gguf_header
from modelops.models.safetensors_files import read_header
from modelops.quantization import Layout, Matrix, expected_bits, expected_bytes, expected_types, vocabulary_bytes

HIDDEN, INNER = 1024, 4096


def model(layers: int, *, hidden: int = HIDDEN, inner: int = INNER, tied: bool = True) -> list[Matrix]:
    """The matrices of a model like Llama, as transformers names them."""
    shapes = {
        "self_attn.q_proj": hidden,
        "self_attn.k_proj": hidden,
        "self_attn.v_proj": hidden,
        "self_attn.o_proj": hidden,
        "mlp.gate_proj": hidden,
        "mlp.up_proj": hidden,
        "mlp.down_proj": inner,
    }
    blocks = [
        Matrix(f"model.layers.{layer}.{name}.weight", columns, 8)
        for layer in range(layers)
        for name, columns in shapes.items()
    ]
    head = [] if tied else [Matrix("lm_head.weight", hidden, 8)]
    return [*head, Matrix("model.embed_tokens.weight", hidden, 8), *blocks]


def stored(matrices: list[Matrix], type: str, layout: Layout, name: str, *, importance: bool = False) -> list[str]:
    """The types of the matrices of this name, in the order of the layers."""
    types = expected_types(matrices, type, layout, importance=importance)
    return [kind.name for matrix, kind in zip(matrices, types, strict=True) if name in matrix.name]


@pytest.mark.parametrize("name", ["v_proj", "down_proj"])
@pytest.mark.parametrize(("type", "usual"), [("q4_k_m", "Q4_K"), ("q5_k_m", "Q5_K")])
def test_the_first_and_last_eighth_and_every_third_layer_between_take_six_bits(
    name: str, type: str, usual: str
) -> None:
    found = stored(model(16), type, Layout(16), name)
    assert [layer for layer, kind in enumerate(found) if kind == "Q6_K"] == [0, 1, 4, 7, 10, 13, 14, 15]
    assert set(found) == {usual, "Q6_K"}


@pytest.mark.parametrize(
    ("type", "name", "expected"),
    [
        ("q4_k_s", "v_proj", {"Q5_K": 4, "Q4_K": 12}),
        ("q4_k_s", "down_proj", {"Q5_K": 2, "Q4_K": 14}),
        ("q3_k_m", "v_proj", {"Q5_K": 2, "Q4_K": 14}),
        ("q3_k_m", "down_proj", {"Q5_K": 1, "Q4_K": 15}),
        ("q3_k_m", "o_proj", {"Q4_K": 16}),
        ("q3_k_m", "q_proj", {"Q3_K": 16}),
        ("q2_k", "v_proj", {"Q3_K": 16}),
        ("q2_k", "down_proj", {"Q3_K": 16}),
        ("q2_k", "up_proj", {"Q2_K": 16}),
        ("q4_0", "down_proj", {"Q4_0": 16}),
        ("q5_k_s", "v_proj", {"Q5_K": 16}),
        ("q6_k", "gate_proj", {"Q6_K": 16}),
    ],
)
def test_each_mixture_gives_more_bits_where_llama_cpp_does(type: str, name: str, expected: dict[str, int]) -> None:
    assert Counter(stored(model(16), type, Layout(16), name)) == expected


def test_what_scores_the_vocabulary_keeps_six_bits_and_embeddings_beside_it_do_not() -> None:
    assert stored(model(1), "q4_k_m", Layout(1), "embed_tokens") == ["Q6_K"]
    untied = model(1, tied=False)
    assert stored(untied, "q4_k_m", Layout(1), "embed_tokens") == ["Q4_K"]
    assert stored(untied, "q4_k_m", Layout(1), "lm_head") == ["Q6_K"]
    assert stored(model(1, hidden=576), "q4_k_m", Layout(1), "embed_tokens") == ["Q8_0"]
    assert stored(model(1, hidden=576), "q4_0", Layout(1), "embed_tokens") == ["Q8_0"]
    assert stored(model(1), "q8_0", Layout(1), "embed_tokens") == ["Q8_0"]


def test_heads_experts_and_an_importance_matrix_change_what_is_taken() -> None:
    assert set(stored(model(4), "q2_k", Layout(4, sharing=4), "v_proj")) == {"Q4_K"}
    assert set(stored(model(4), "q4_k_m", Layout(4, experts=8), "v_proj")) == {"Q8_0"}
    assert set(stored(model(4), "q4_k_m", Layout(4, experts=8), "k_proj")) == {"Q8_0"}
    assert set(stored(model(4), "q4_k_m", Layout(4, experts=8), "o_proj")) == {"Q5_K"}
    assert Counter(stored(model(16), "q4_0", Layout(16), "down_proj", importance=True)) == {"Q4_1": 2, "Q4_0": 14}
    assert "Q4_K" not in stored(model(80), "q4_k_m", Layout(80, sharing=8), "v_proj")


def test_rows_that_are_not_made_of_whole_blocks_fall_back_from_what_the_mixture_would_take() -> None:
    assert set(stored(model(16, hidden=576), "q4_k_m", Layout(16), "v_proj")) == {"Q5_0", "Q8_0"}
    assert stored([Matrix("model.layers.0.mlp.up_proj.weight", 7, 3)], "q4_k_m", Layout(1), "up_proj") == ["F16"]


def test_norms_and_what_chooses_experts_stay_as_they_are() -> None:
    kept = [Matrix("model.layers.0.mlp.gate.weight", HIDDEN, 8), Matrix("blk.0.ffn_gate_inp.weight", HIDDEN, 8)]
    assert {kind.name for kind in expected_types(kept, "q4_k_m", Layout(1))} == {"F32"}


def test_bits_are_those_of_the_types_by_how_many_weights_have_them() -> None:
    matrices = [Matrix("model.layers.0.a.weight", 512, 10), Matrix("model.layers.0.b.weight", 544, 10)]
    assert expected_bits(matrices, "q5_k_s", Layout(1)) == pytest.approx((512 * 5.5 + 544 * 6) / 1056)
    assert expected_bits([], "q8_0", Layout(1)) == 0


@pytest.mark.parametrize("type", ["f32", "bf16", "q8_0"])
def test_a_model_and_the_file_written_from_it_are_expected_to_take_the_same(
    tiny_model_folder: Path, tmp_path: Path, type: str
) -> None:
    write_gguf(tiny_model_folder, tmp_path / "tiny.gguf", type)
    header = read_gguf_header(tmp_path / "tiny.gguf")
    config = json.loads((tiny_model_folder / "config.json").read_text())
    assert Layout.of_config(config) == Layout.of_gguf(header) == Layout(layers=2, sharing=2)

    tensors = read_header(tiny_model_folder / "model.safetensors")
    ours = [Matrix(one.name, one.shape[1], one.shape[0]) for one in tensors if len(one.shape) == 2]
    theirs = [Matrix(one.name, one.shape[0], one.shape[1]) for one in header.tensors if len(one.shape) == 2]
    for any_type in ("q4_k_m", "q2_k", type):
        bits = [expected_bits(matrices, any_type, Layout(2, 2)) for matrices in (ours, theirs)]
        assert bits[0] == pytest.approx(bits[1])

    vectors = sum(tensor.elements for tensor in tensors if len(tensor.shape) == 1)
    vocabulary = vocabulary_bytes(json.loads((tiny_model_folder / "tokenizer.json").read_text()))
    size = (tmp_path / "tiny.gguf").stat().st_size
    # Of so small a file the fields and the names of the tensors are a few percent.
    assert 0.9 < expected_bytes(ours, vectors, vocabulary, type, Layout(2, 2)) / size < 1.01
