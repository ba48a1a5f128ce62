"""Writes a quantized model as an ordinary one: the same values, rounded as they are, in a number format of torch."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.errors import InvalidInput, Unavailable
from modelops.models.dequantization import dequantize
from modelops.models.inspection import read_json
from modelops.models.loading import import_transformers, load_model, load_tokenizer, quiet
from modelops.models.rounding import Rounding, only_gguf, rounding_of_checkpoint
from modelops.models.sources import Progress

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def write_dequantized(folder: Path, target: Path, progress: Progress = lambda _: None) -> None:
    """Write the quantized model in ``folder`` as safetensors with its tokenizer to ``target``, which is made.

    A GGUF file is stored as :func:`~modelops.models.dequantization.storage_dtype` says, a checkpoint in the number
    format that its configuration names. Methods that also round activations no longer do. Raises ``InvalidInput``
    (``cannot_dequantize``) for what is read back by nothing here, ``Unavailable`` (``quantization_not_installed``)
    without the package that does, and what loading a GGUF file raises.
    """
    target.mkdir(parents=True)
    if (gguf := only_gguf(folder)) is not None:
        dequantize(gguf, target, progress)
        return
    rounding = rounding_of_checkpoint(read_json(folder / "config.json"))
    if rounding is None or rounding.package is None:
        raise cannot_dequantize(folder.name, rounding.method if rounding else "not at all")
    transformers = import_transformers()
    progress(f"Dequantizing {rounding.method}")
    try:
        with quiet(transformers):
            model = _plain(_loaded(folder, rounding), rounding)
            model.save_pretrained(target)
    except ImportError as error:
        raise Unavailable(
            "quantization_not_installed",
            f"Reading {rounding.method} back needs a package that is not installed here: {str(error)[:300]}",
            f"Install it where the kernel runs: pip install {rounding.package.replace('_', '-')}",
        ) from error
    load_tokenizer(folder).save_pretrained(target)


def cannot_dequantize(name: str, method: str) -> InvalidInput:
    """The refusal of a model that is stored in a way that nothing here reads back."""
    return InvalidInput(
        "cannot_dequantize",
        f"{name} is stored as {method}, which cannot be read back here.",
        "Choose the model that it was made from. GGUF, bitsandbytes, and W4A16 and W8A8 of llm-compressor can be.",
        method=method,
    )


def _loaded(folder: Path, rounding: Rounding) -> Any:
    if rounding.package == "bitsandbytes":
        model: Any = load_model(folder, dtype="auto")
        return model.dequantize()
    from transformers import CompressedTensorsConfig

    with warnings.catch_warnings():  # that only this one setting of what is given is used: it is the only one given
        warnings.simplefilter("ignore", UserWarning)
        return load_model(folder, dtype="auto", quantization_config=CompressedTensorsConfig(run_compressed=False))


def _plain(dense: PreTrainedModel, rounding: Rounding) -> PreTrainedModel:
    """A model that never was quantized, with the weights of ``dense``, which has forgotten how but cannot be saved."""
    import torch

    transformers = import_transformers()
    config = dense.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):
        model: PreTrainedModel = transformers.AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    known = set(model.state_dict())
    weights = {name: weight for name, weight in dense.state_dict().items() if name in known}
    if packed := sorted(name for name, weight in weights.items() if not _is_number(weight)):
        raise cannot_dequantize(packed[0], rounding.method)
    model.load_state_dict(weights, assign=True)
    model.tie_weights()
    if dense.generation_config is not None:
        model.generation_config = dense.generation_config
    return model


def _is_number(weight: torch.Tensor) -> bool:
    return weight.is_floating_point() and not weight.is_meta
