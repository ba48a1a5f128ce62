"""Loads any stored model with its tokenizer, ready to be asked: safetensors, quantized checkpoints, GGUF, adapters."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from modelops.errors import InvalidInput, Unavailable
from modelops.models.dequantization import load_gguf
from modelops.models.gguf_files import read_gguf_header
from modelops.models.gguf_tokenizers import save_gguf_tokenizer
from modelops.models.loading import (
    attention_implementation,
    fast_dtype,
    import_transformers,
    load_model,
    load_tokenizer,
    quiet,
)

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Loaded(NamedTuple):
    """A model in evaluation mode, and the tokenizer that it reads and writes with."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


def load_for_inference(folder: str | Path, dtype: torch.dtype | str | None = None) -> Loaded:
    """The model in ``folder``, on the first GPU where there is one: safetensors, also quantized ones, or one GGUF file.

    A GGUF file is dequantized: its weights have their rounded values and take the memory of ``dtype``, by default
    :func:`~modelops.models.loading.fast_dtype`. 4-bit checkpoints of bitsandbytes are computed with in ``dtype``, too,
    whatever they name: a CPU may only emulate that. Raises ``InvalidInput``: ``model_not_found``,
    ``ambiguous_weights``, and what loading a GGUF file raises; ``Unavailable`` (``quantization_not_installed``) where a
    package is missing that the checkpoint's quantization needs.
    """
    import torch

    folder = Path(folder)
    options: dict[str, Any] = {"device_map": {"": 0}} if torch.cuda.is_available() else {}
    ggufs = sorted(folder.glob("*.gguf"))
    if ggufs and not any(folder.glob("*.safetensors")):
        if len(ggufs) > 1:
            names = ", ".join(file.name for file in ggufs)
            raise InvalidInput("ambiguous_weights", f"There are several models to load: {names}.", "Store one of them.")
        return _load_gguf_file(ggufs[0], dtype or fast_dtype(), options)
    try:
        return Loaded(
            _computing_in(dtype or fast_dtype(), load_model(folder, dtype, **options)), load_tokenizer(folder)
        )
    except ImportError as error:
        raise Unavailable(
            "quantization_not_installed",
            f"Loading this quantized model needs a package that is not installed here: {str(error)[:300]}",
            "Install the package that it names, such as: pip install compressed-tensors",
        ) from error


def load_adapted(base: str | Path, adapter: str | Path, dtype: torch.dtype | str | None = None) -> Loaded:
    """The model in ``base`` with the adapter in ``adapter`` beside it, and the tokenizer that it was trained with.

    Raises what :func:`load_for_inference` raises.
    """
    from peft import PeftModel

    model, tokenizer = load_for_inference(base, dtype)
    adapted: Any = PeftModel.from_pretrained(model, str(adapter)).eval()
    has_tokenizer = (Path(adapter) / "tokenizer_config.json").is_file()
    return Loaded(adapted, load_tokenizer(adapter) if has_tokenizer else tokenizer)


def _computing_in(dtype: torch.dtype | str, model: PreTrainedModel) -> PreTrainedModel:
    """The model, whose layers of bitsandbytes in 4 bits compute in ``dtype``; other models as they are."""
    import torch

    if not getattr(model, "is_loaded_in_4bit", False):
        return model
    wanted = dtype if isinstance(dtype, torch.dtype) else model.dtype
    layers: list[Any] = [module for module in model.modules() if type(module).__name__ == "Linear4bit"]
    for layer in layers:
        layer.compute_dtype = wanted
        # What repacks the weights on such a CPU computes in bfloat16 only.
        layer.support_avx512bf16_for_cpu &= wanted == torch.bfloat16
    return model


def _load_gguf_file(gguf: Path, dtype: torch.dtype | str, options: dict[str, Any]) -> Loaded:
    header = read_gguf_header(gguf)
    context = header.fields.get(f"{header.architecture}.context_length")
    with tempfile.TemporaryDirectory() as folder, quiet(import_transformers()):
        save_gguf_tokenizer(header.fields, gguf, context, Path(folder))
        tokenizer = load_tokenizer(folder)
        model = load_gguf(gguf, header, dtype, attn_implementation=attention_implementation(), **options)
    return Loaded(model.eval(), tokenizer)  # type: ignore[no-untyped-call]
