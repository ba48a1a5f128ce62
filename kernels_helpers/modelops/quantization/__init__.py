"""Smaller models: written by the field's own tools, and reviewed before anybody is handed one.

What needs torch or gguf is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops.quantization.cards import quantized_model_card
    from modelops.quantization.gguf_review import review_gguf
    from modelops.quantization.gguf_types import CONVERTED, Matrix, check_types, expected_bits
    from modelops.quantization.gguf_writing import (
        check_architecture,
        convert,
        converter_folder,
        quantize,
        supported_architectures,
    )
    from modelops.quantization.reviews import Problem, Review

_HOMES = {
    "CONVERTED": "gguf_types",
    "Matrix": "gguf_types",
    "Problem": "reviews",
    "Review": "reviews",
    "check_architecture": "gguf_writing",
    "check_types": "gguf_types",
    "convert": "gguf_writing",
    "converter_folder": "gguf_writing",
    "expected_bits": "gguf_types",
    "quantize": "gguf_writing",
    "quantized_model_card": "cards",
    "review_gguf": "gguf_review",
    "supported_architectures": "gguf_writing",
}

__all__ = [
    "CONVERTED",
    "Matrix",
    "Problem",
    "Review",
    "check_architecture",
    "check_types",
    "convert",
    "converter_folder",
    "expected_bits",
    "quantize",
    "quantized_model_card",
    "review_gguf",
    "supported_architectures",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
