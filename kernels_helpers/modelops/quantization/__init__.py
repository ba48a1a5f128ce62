"""Smaller models: written by the field's own tools, and reviewed before anybody is handed one.

What needs torch or gguf is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops.quantization.calibration import (
        calibration_rows,
        check_calibration,
        check_row_count,
        check_token_count,
        following_layers,
    )
    from modelops.quantization.cards import quantized_model_card
    from modelops.quantization.checkpoint_review import review_checkpoint
    from modelops.quantization.gguf_review import review_gguf
    from modelops.quantization.gguf_sizes import (
        Layout,
        Matrix,
        expected_bits,
        expected_bytes,
        expected_types,
        vocabulary_bytes,
    )
    from modelops.quantization.gguf_types import CONVERTED, check_types
    from modelops.quantization.gguf_writing import (
        check_architecture,
        convert,
        converter_folder,
        quantize,
        supported_architectures,
    )
    from modelops.quantization.importance import importance_matrix, save_importance
    from modelops.quantization.layers import Layer, fitting_group_size, quantizable_layers
    from modelops.quantization.llm_compressor import check_awq, prepare_llm_compressor
    from modelops.quantization.records import quality_table, quantized_metadata, write_record
    from modelops.quantization.reviews import Problem, Review
    from modelops.quantization.schemes import checkpoint_bits
    from modelops.quantization.sources import (
        Source,
        lost,
        merge_adapter,
        open_source,
        original_of,
        refuse_rounded,
        requantized_from,
        requantized_note,
    )

_HOMES = {
    "CONVERTED": "gguf_types",
    "Layer": "layers",
    "Layout": "gguf_sizes",
    "Matrix": "gguf_sizes",
    "Problem": "reviews",
    "Review": "reviews",
    "calibration_rows": "calibration",
    "check_architecture": "gguf_writing",
    "check_awq": "llm_compressor",
    "check_calibration": "calibration",
    "check_row_count": "calibration",
    "check_token_count": "calibration",
    "check_types": "gguf_types",
    "checkpoint_bits": "schemes",
    "convert": "gguf_writing",
    "converter_folder": "gguf_writing",
    "expected_bits": "gguf_sizes",
    "expected_bytes": "gguf_sizes",
    "expected_types": "gguf_sizes",
    "vocabulary_bytes": "gguf_sizes",
    "fitting_group_size": "layers",
    "following_layers": "calibration",
    "Source": "sources",
    "lost": "sources",
    "open_source": "sources",
    "original_of": "sources",
    "refuse_rounded": "sources",
    "requantized_from": "sources",
    "requantized_note": "sources",
    "merge_adapter": "sources",
    "prepare_llm_compressor": "llm_compressor",
    "quality_table": "records",
    "quantizable_layers": "layers",
    "importance_matrix": "importance",
    "quantize": "gguf_writing",
    "quantized_metadata": "records",
    "quantized_model_card": "cards",
    "review_checkpoint": "checkpoint_review",
    "review_gguf": "gguf_review",
    "save_importance": "importance",
    "supported_architectures": "gguf_writing",
    "write_record": "records",
}

__all__ = [
    "CONVERTED",
    "Layer",
    "Layout",
    "Matrix",
    "Problem",
    "Review",
    "Source",
    "calibration_rows",
    "check_architecture",
    "check_awq",
    "check_calibration",
    "check_row_count",
    "check_token_count",
    "check_types",
    "checkpoint_bits",
    "convert",
    "converter_folder",
    "expected_bits",
    "expected_bytes",
    "expected_types",
    "fitting_group_size",
    "following_layers",
    "importance_matrix",
    "lost",
    "merge_adapter",
    "open_source",
    "original_of",
    "prepare_llm_compressor",
    "quality_table",
    "quantizable_layers",
    "quantize",
    "quantized_metadata",
    "quantized_model_card",
    "refuse_rounded",
    "requantized_from",
    "requantized_note",
    "review_checkpoint",
    "review_gguf",
    "save_importance",
    "supported_architectures",
    "vocabulary_bytes",
    "write_record",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
