"""Turns a GGUF file into a folder with safetensors, tokenizer and chat template."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.errors import InvalidInput
from modelops.models.gguf_files import GGUFHeader, read_gguf_header
from modelops.models.gguf_tokenizers import save_gguf_tokenizer
from modelops.models.loading import import_transformers, quiet
from modelops.models.reports import refuse_incomplete
from modelops.models.sources import Progress

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_EXACT = {"F64": "float32", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def storage_dtype(header: GGUFHeader) -> str:
    """The torch dtype to store a GGUF file's weights in: their own where there is one, bfloat16 for quantized ones.

    Rounding SmolLM2's dequantized Q4_1 values to bfloat16 moved its loss on Python text from 2.6185 to 2.6190 nats a
    token, and halves the file that every later step hashes and copies.
    """
    return _EXACT.get(header.main_type, "bfloat16")


def dequantize(gguf: Path, folder: Path, progress: Progress) -> None:
    """Write the model in ``gguf`` as safetensors into an empty ``folder``, with its tokenizer and chat template.

    Raises ``InvalidInput``: the codes of :func:`~modelops.models.gguf_files.read_gguf_header`,
    ``unsupported_architecture``, ``unsupported_tokenizer``, ``missing_tokenizer`` and ``incomplete_weights``.
    """
    header = read_gguf_header(gguf)
    transformers = import_transformers()
    context = header.fields.get(f"{header.architecture}.context_length")
    dtype = storage_dtype(header)
    with quiet(transformers):
        save_gguf_tokenizer(header.fields, gguf, context, folder)
        progress(f"Dequantizing {header.main_type} weights to {dtype}")
        model = load_gguf(gguf, header, dtype)
        progress("Writing safetensors")
        model.save_pretrained(folder)


def load_gguf(gguf: Path, header: GGUFHeader, dtype: torch.dtype | str, **options: Any) -> PreTrainedModel:
    """The model in a GGUF file, its weights dequantized to ``dtype``; further options go to ``from_pretrained``.

    Raises ``InvalidInput``: ``unsupported_architecture`` or ``incomplete_weights``.
    """
    transformers = import_transformers()
    try:
        # The conversion draws a bar of its own that no setting turns off.
        with contextlib.redirect_stderr(io.StringIO()):
            model, report = transformers.AutoModelForCausalLM.from_pretrained(
                gguf.parent,
                gguf_file=gguf.name,
                quantization_config=transformers.GgufConfig(dequantize=True),
                dtype=dtype,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
                **options,
            )
    except (ValueError, KeyError, NotImplementedError) as error:
        raise InvalidInput(
            "unsupported_architecture",
            f"transformers cannot convert the GGUF architecture {header.architecture[:50]!r}: {str(error)[:300]}",
            "Add the original model from its safetensors files instead.",
            architecture=header.architecture[:50],
        ) from error
    refuse_incomplete(report)
    loaded: PreTrainedModel = model
    return loaded
