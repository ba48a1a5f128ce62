"""The types of GGUF files that can be asked for: what makes them, and in what blocks they store weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from modelops.errors import InvalidInput

GGUFType = Literal[
    "f32", "f16", "bf16", "q8_0", "q6_k", "q5_k_m", "q5_k_s", "q4_k_m", "q4_k_s", "q3_k_m", "q2_k", "q5_0", "q4_0"
]

CONVERTED: frozenset[str] = frozenset({"f32", "f16", "bf16", "q8_0"})
"""What llama.cpp's converter writes by itself; the others take its quantizer, which is compiled."""


@dataclass(frozen=True)
class StorageType:
    """How ggml stores a weight: in blocks of ``block`` weights that take ``bits`` bits each."""

    name: str
    block: int
    bits: float


# ggml's block formats: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
_STORAGE = {
    "f32": StorageType("F32", 1, 32),
    "f16": StorageType("F16", 1, 16),
    "bf16": StorageType("BF16", 1, 16),
    "q8_0": StorageType("Q8_0", 32, 8.5),
    "q5_1": StorageType("Q5_1", 32, 6),
    "q5_0": StorageType("Q5_0", 32, 5.5),
    "q4_1": StorageType("Q4_1", 32, 5),
    "q4_0": StorageType("Q4_0", 32, 4.5),
    "q6_k": StorageType("Q6_K", 256, 6.5625),
    "q5_k": StorageType("Q5_K", 256, 5.5),
    "q4_k": StorageType("Q4_K", 256, 4.5),
    "q3_k": StorageType("Q3_K", 256, 3.4375),
    "q2_k": StorageType("Q2_K", 256, 2.625),
}
_FALLBACK = {"q6_k": "q8_0", "q5_k": "q5_1", "q4_k": "q5_0", "q3_k": "q4_0", "q2_k": "q4_0"}
"""What llama.cpp's quantizer takes where rows are not made of whole blocks of 256 weights."""


def storage(type: str) -> StorageType:
    """How most weights of a file of this type are stored: ``q4_k_m`` stores them as ``Q4_K``, and some in more bits."""
    return _STORAGE[type.removesuffix("_m").removesuffix("_s")]


def fallback(type: str, columns: int) -> StorageType:
    """How a matrix is stored whose rows of ``columns`` weights are not made of whole blocks of :func:`storage`."""
    kind = _STORAGE[_FALLBACK.get(storage(type).name.lower(), "f16")]
    return _STORAGE["f16"] if columns % kind.block else kind


def check_types(types: Sequence[str]) -> None:
    """Raise ``InvalidInput`` for an unknown type, or one that stands twice."""
    known = get_args(GGUFType)
    for type in types:
        if type not in known:
            raise InvalidInput(
                "unknown_gguf_type", f"{type[:40]!r} is no GGUF type.", f"Choose among {', '.join(known)}."
            )
    if len(set(types)) != len(types):
        raise InvalidInput("type_twice", "A GGUF type is asked for twice.", "Name each one once.")
