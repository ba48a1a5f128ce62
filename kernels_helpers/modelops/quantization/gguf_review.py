"""Reviews a GGUF file against the model it was made from."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.models.gguf_files import GGUFHeader, GGUFTensor, read_gguf_header
from modelops.quantization.gguf_sizes import Layout, Matrix, expected_bits
from modelops.quantization.gguf_types import storage
from modelops.quantization.reviews import Problem, Review, Weight, lost_text, not_applied, texts_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ROWS = 1 << 13
"""Rows of a tensor that are looked at together."""


def review_gguf(
    file: Path,
    type: str,
    tokenizer: PreTrainedTokenizerBase,
    on_progress: Callable[[float, float], None] = lambda *_: None,
) -> Review:
    """What a GGUF file of a type holds, and what got lost of the model whose ``tokenizer`` is given.

    Every weight is dequantized and looked at once. Raises ``InvalidInput`` where the file is not a whole GGUF file.
    """
    header = read_gguf_header(file)
    weights = tuple(Weight(tensor.name, tensor.type, tensor.elements) for tensor in header.tensors)
    matrices = [tensor for tensor in header.tensors if len(tensor.shape) > 1]
    odd = {tensor.name for tensor in matrices if tensor.shape[0] % storage(type).block}
    fallbacks = tuple(Weight(tensor.name, tensor.type, tensor.elements) for tensor in matrices if tensor.name in odd)
    shapes = [Matrix(tensor.name, row := tensor.shape[0], tensor.elements // row) for tensor in matrices]
    problems = not_applied(_bits(matrices), expected_bits(shapes, type, Layout.of_gguf(header)))
    problems += lost_text(texts_of(tokenizer), _of_header(header))
    problems += _not_finite(file, header.tensors, on_progress)
    return Review(
        size=file.stat().st_size,
        weights=weights,
        fallbacks=fallbacks,
        problems=tuple(problems),
    )


def _bits(tensors: list[GGUFTensor]) -> float:
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    total = parameters = 0.0
    for tensor in tensors:
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType[tensor.type]]
        total += tensor.elements * 8 * size / block
        parameters += tensor.elements
    return total / parameters if parameters else 0.0


def _of_header(header: GGUFHeader) -> dict[str, Any]:
    return {
        "chat_template": header.fields.get("tokenizer.chat_template"),
        "eos_token_id": header.fields.get("tokenizer.ggml.eos_token_id"),
        "vocabulary_size": len(header.fields.get("tokenizer.ggml.tokens", ())),
    }


def _not_finite(
    file: Path, tensors: tuple[GGUFTensor, ...], on_progress: Callable[[float, float], None]
) -> list[Problem]:
    import numpy as np
    from gguf import GGUFReader
    from gguf.quants import dequantize

    problems = []
    total, done = sum(tensor.elements for tensor in tensors), 0
    for tensor in GGUFReader(file).tensors:
        rows = tensor.data.reshape(-1, tensor.data.shape[-1]) if tensor.data.ndim else tensor.data.reshape(1, 1)
        bad = 0
        for start in range(0, len(rows), _ROWS):
            values = dequantize(rows[start : start + _ROWS], tensor.tensor_type)
            bad += values.size - int(np.count_nonzero(np.isfinite(values)))
        elements = math.prod(int(extent) for extent in tensor.shape)
        if bad:
            problems.append(
                Problem("non_finite_weights", f"{bad} of {elements} values of {tensor.name} are NaN or infinite.")
            )
        done += elements
        on_progress(done, total)
    return problems
