"""What a model's files say of its sizes: enough for an estimate, without torch and without reading a weight."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelops.models.inspection import text_config
from modelops.models.safetensors_files import StoredTensor

_IN_A_LAYER = re.compile(r"\.\d+\.(.+)\.weight$")


@dataclass(frozen=True)
class Matrix:
    """One linear layer of a numbered block: ``module`` is its name in there, such as ``self_attn.q_proj``."""

    module: str
    inputs: int
    outputs: int


@dataclass(frozen=True)
class ModelShape:
    """The sizes of a causal language model on which memory and time depend."""

    parameters: int
    """Weights in all, a head that is tied to the embedding counted once."""
    hidden: int
    layers: int
    intermediate: int
    heads: int
    key_value_heads: int
    vocabulary: int
    context: int | None
    matrices: tuple[Matrix, ...]

    @property
    def in_matrices(self) -> int:
        """Weights in the linear layers of the blocks: what adapters go beside, and what is quantized."""
        return sum(matrix.inputs * matrix.outputs for matrix in self.matrices)

    def adapted(self, target_modules: Sequence[str], rank: int) -> int:
        """Weights of LoRA's two matrices beside every targeted layer, as peft chooses them."""
        everywhere = list(target_modules) == ["all-linear"]
        return sum(
            rank * (matrix.inputs + matrix.outputs)
            for matrix in self.matrices
            if everywhere or any(_is_named(matrix.module, target) for target in target_modules)
        )


def read_shape(config: Mapping[str, Any], tensors: Iterable[StoredTensor]) -> ModelShape | None:
    """The shape of the model with this ``config.json`` and these tensors; ``None`` where they do not tell it."""
    text = text_config(config)
    tensors = list(tensors)
    matrices = tuple(
        Matrix(match[1], tensor.shape[1], tensor.shape[0])
        for tensor in tensors
        if len(tensor.shape) == 2 and (match := _IN_A_LAYER.search(tensor.name))
    )
    hidden, layers = text.get("hidden_size"), text.get("num_hidden_layers")
    heads, vocabulary = text.get("num_attention_heads"), text.get("vocab_size")
    if not (matrices and all(type(size) is int and size > 0 for size in (hidden, layers, heads, vocabulary))):
        return None
    widest = max(max(matrix.inputs, matrix.outputs) for matrix in matrices)
    intermediate, context = text.get("intermediate_size"), text.get("max_position_embeddings")
    key_value = text.get("num_key_value_heads")
    return ModelShape(
        parameters=sum(tensor.elements for tensor in tensors),
        hidden=int(hidden or 0),
        layers=int(layers or 0),
        intermediate=intermediate if isinstance(intermediate, int) else widest,
        heads=int(heads or 0),
        key_value_heads=key_value if isinstance(key_value, int) else int(heads or 0),
        vocabulary=int(vocabulary or 0),
        context=context if isinstance(context, int) else None,
        matrices=matrices,
    )


def _is_named(module: str, target: str) -> bool:
    return module == target or module.endswith(f".{target}")
