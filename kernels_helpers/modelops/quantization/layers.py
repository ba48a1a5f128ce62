"""The layers of a model that its quantization is about, known from its configuration before a weight is loaded."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.errors import InvalidInput
from modelops.models.loading import import_transformers

if TYPE_CHECKING:
    from transformers import PreTrainedModel

GROUP_SIZES = (128, 64, 32)
"""Weights of a row that share a scale, as the kernels of vLLM know them; the first one costs least."""


@dataclass(frozen=True)
class Layer:
    """A linear layer: its ``name`` in the model, and the shape of its weight, [rows, columns]."""

    name: str
    rows: int
    columns: int


def quantizable_layers(folder: Path, kinds: tuple[str, ...] = ("Linear",)) -> tuple[Layer, ...]:
    """The linear layers of the model in ``folder`` except its output head, which stays as it is.

    ``kinds`` are the classes that the tool quantizes. Raises ``InvalidInput`` (``unsupported_architecture``) where
    transformers does not know the architecture, or the model has no such layers.
    """
    model = skeleton(folder)
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    layers = tuple(
        # Conv1D keeps its weight the other way round.
        Layer(name, *(module.weight.shape if type(module).__name__ == "Linear" else module.weight.shape[::-1]))
        for name, module in model.named_modules()
        if type(module).__name__ in kinds and module is not head
    )
    if not layers:
        raise unsupported(f"{type(model).__name__} has no layers of the class {' or '.join(kinds)}.", [])
    return layers


def skeleton(folder: Path) -> PreTrainedModel:
    """The model in ``folder`` with the shapes of its weights, and no weights.

    Raises ``InvalidInput`` (``unsupported_architecture``) with the architectures that transformers knows.
    """
    import torch

    transformers = import_transformers()
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        with torch.device("meta"):
            model: PreTrainedModel = transformers.AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except ValueError as error:
        from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

        reason = f"transformers cannot load it as a language model: {str(error)[:200]}"
        raise unsupported(reason, sorted({*MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()})) from error
    return model


def unsupported(reason: str, supported: list[str]) -> InvalidInput:
    """The refusal of an architecture, with those that can be quantized where they are known."""
    hint = f"Supported are {len(supported)}: {', '.join(supported)}." if supported else "Choose another method."
    return InvalidInput("unsupported_architecture", reason, hint, supported=supported)


def fitting_group_size(layers: tuple[Layer, ...], asked: int | None = None) -> int:
    """The largest of ``GROUP_SIZES`` that every layer's columns are made of; or ``asked``, if they are.

    Raises ``InvalidInput`` (``group_size_does_not_fit``) with the layers that they are not.
    """
    for size in GROUP_SIZES if asked is None else (asked,):
        misfits = [layer for layer in layers if layer.columns % size]
        if not misfits:
            return size
    kinds: defaultdict[int, dict[str, None]] = defaultdict(dict)
    for layer in misfits:
        kinds[layer.columns][_kind(layer)] = None
    some = "; ".join(f"{columns:,} columns: {', '.join(names)}" for columns, names in kinds.items())
    fitting = [size for size in GROUP_SIZES if all(layer.columns % size == 0 for layer in layers)]
    raise InvalidInput(
        "group_size_does_not_fit",
        f"{len(misfits)} layers have columns that groups of {size} do not divide ({some}).",
        f"Choose {' or '.join(map(str, fitting))}, or leave group_size empty." if fitting else "Choose scheme W8A8.",
        group_size=size,
        layers=[layer.name for layer in misfits],
        fitting=fitting,
    )


def _kind(layer: Layer) -> str:
    """What a layer is in every block of the model, such as ``mlp.down_proj`` for ``model.layers.3.mlp.down_proj``."""
    return re.sub(r"^.*\.\d+\.", "", layer.name)
