"""GGUF types: which there are, and how many bits a weight takes in them."""

from __future__ import annotations

from typing import get_args

import pytest
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from modelops.errors import InvalidInput
from modelops.quantization import Matrix, check_types, expected_bits
from modelops.quantization.gguf_types import GGUFType, fallback, storage


@pytest.mark.parametrize("type", get_args(GGUFType))
def test_blocks_and_bits_are_those_of_ggml(type: str) -> None:
    for kind in (storage(type), fallback(type)):
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType[kind.name]]
        assert (kind.block, kind.bits) == (block, 8 * size / block)


@pytest.mark.parametrize(
    ("type", "matrices", "bits"),
    [
        ("q8_0", [Matrix(576, 10)], 8.5),
        ("q4_k_m", [Matrix(1536, 10)], 4.5),
        ("q4_k_m", [Matrix(576, 10)], 5.5),
        ("q4_k_m", [Matrix(512, 10), Matrix(544, 10)], (512 * 4.5 + 544 * 5.5) / 1056),
        ("q4_k_m", [Matrix(512, 10, output=True)], 6.5625),
        ("q4_0", [Matrix(576, 10, output=True)], 8.5),
        ("q8_0", [Matrix(576, 10, output=True)], 8.5),
        ("bf16", [Matrix(7, 3)], 16),
        ("q8_0", [], 0),
    ],
)
def test_rows_that_are_not_made_of_whole_blocks_take_the_bits_of_their_fallback(
    type: str, matrices: list[Matrix], bits: float
) -> None:
    assert expected_bits(matrices, type) == pytest.approx(bits)


@pytest.mark.parametrize(("types", "code"), [(["q8_0", "q4_k"], "unknown_gguf_type"), (["q8_0", "q8_0"], "type_twice")])
def test_wrong_types_are_refused_by_name(types: list[str], code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_types(types)
    assert refusal.value.code == code
