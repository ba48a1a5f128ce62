"""Which inputs of each matrix matter: llama.cpp's importance matrix, from what a model does with real text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modelops.conversations import Examples
from modelops.errors import NonFinite
from modelops.models.gguf_files import read_gguf_header

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

Importance = dict[str, npt.NDArray[np.float32]]
"""By the name of a linear layer, the mean square of each of its inputs; float32 of [columns]."""


def importance_matrix(
    model: PreTrainedModel, examples: Examples, on_progress: Callable[[float, float], None] = lambda *_: None
) -> Importance:
    """The mean square of every linear layer's inputs over all tokens of the examples.

    An error of a weight is multiplied by its input, so a weight whose input is large is rounded with more care. The
    same as llama.cpp's ``llama-imatrix`` computes, but over conversations as the model reads them. Raises ``NonFinite``
    where an input is not finite.
    """
    import torch

    sums: dict[str, torch.Tensor] = {}
    counts: dict[str, int] = {}

    def watch(name: str) -> Callable[[Any, tuple[Any, ...]], None]:
        def add(_: Any, inputs: tuple[Any, ...]) -> None:
            rows = inputs[0].detach().reshape(-1, inputs[0].shape[-1]).double()
            sums[name] = sums.get(name, 0) + rows.square().sum(0)
            counts[name] = counts.get(name, 0) + len(rows)

        return add

    layers = [(name, module) for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    hooks = [module.register_forward_pre_hook(watch(name)) for name, module in layers]
    try:
        with torch.inference_mode():
            for number, row in enumerate(examples.dataset, start=1):
                model(input_ids=torch.tensor([row["input_ids"]], device=model.device), use_cache=False)
                on_progress(number, len(examples.dataset))
    finally:
        for hook in hooks:
            hook.remove()
    found = {name: (total / counts[name]).float().cpu().numpy() for name, total in sums.items()}
    for name, values in found.items():
        if not np.isfinite(values).all():
            raise NonFinite(f"Inputs of {name} are not finite.", "Its weights are damaged: look at how it was made.")
    return found


def save_importance(importance: Importance, gguf: Path, target: Path) -> int:
    """Write the matrix as ``.npz`` under the names of the tensors in a GGUF file; returns for how many it has one."""
    from gguf import MODEL_ARCH_NAMES, get_tensor_name_map

    header = read_gguf_header(gguf)
    shapes = {tensor.name: tensor.shape for tensor in header.tensors}
    architecture = next(key for key, name in MODEL_ARCH_NAMES.items() if name == header.architecture)
    names = get_tensor_name_map(architecture, int(header.fields[f"{header.architecture}.block_count"]))
    found: dict[str, npt.NDArray[np.float32]] = {}
    for layer, values in importance.items():
        name = names.get_name(f"{layer}.weight", try_suffixes=(".weight",))
        if name in shapes and shapes[name][0] == len(values):
            found[name] = values
    np.savez(target, **found)  # type: ignore[arg-type]
    return len(found)
