"""GGUF types: which there are, and in what blocks they store weights."""

from __future__ import annotations

from typing import get_args

import pytest
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from modelops.errors import InvalidInput
from modelops.quantization import check_types
from modelops.quantization.gguf_types import GGUFType, fallback, storage


@pytest.mark.parametrize("type", get_args(GGUFType))
def test_blocks_and_bits_are_those_of_ggml(type: str) -> None:
    for kind in (storage(type), fallback(type, 576), fallback(type, 7)):
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType[kind.name]]
        assert (kind.block, kind.bits) == (block, 8 * size / block)


def test_what_fits_no_block_of_32_either_is_stored_in_16_bits() -> None:
    assert fallback("q4_k_m", 576).name == "Q5_0"
    assert fallback("q4_k_m", 7).name == fallback("q8_0", 7).name == "F16"


@pytest.mark.parametrize(("types", "code"), [(["q8_0", "q4_k"], "unknown_gguf_type"), (["q8_0", "q8_0"], "type_twice")])
def test_wrong_types_are_refused_by_name(types: list[str], code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_types(types)
    assert refusal.value.code == code
