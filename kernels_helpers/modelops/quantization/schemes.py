"""How many bits a weight takes in each scheme of a quantized checkpoint, its scales included."""

from __future__ import annotations

from collections.abc import Sequence

from modelops.quantization.layers import Layer

SCALE_BITS = 16
"""A scale is stored in 16 bits by llm-compressor."""


def checkpoint_bits(scheme: str, layers: Sequence[Layer], group_size: int | None = None) -> float:
    """Bits that a weight of these layers takes on average: ``nf4`` and ``int8`` of bitsandbytes, ``W4A16``, ``W8A8``.

    W4A16 has a scale for ``group_size`` weights of a row, W8A8 and int8 one for each row (int8 in 32 bits). NF4 has one
    for 64 weights, itself stored in 8 bits (QLoRA's double quantization: https://arxiv.org/abs/2305.14314, section 3).
    """
    total = sum(layer.rows * layer.columns for layer in layers)
    scales = sum(layer.rows for layer in layers) / total
    match scheme:
        case "nf4":
            return 4 + 8 / 64 + 32 / (64 * 256)
        case "int8":
            return 8 + 32 * scales
        case "W4A16" if group_size:
            return 4 + SCALE_BITS / group_size
        case "W8A8":
            return 8 + SCALE_BITS * scales
    raise ValueError(f"unknown scheme {scheme}")
