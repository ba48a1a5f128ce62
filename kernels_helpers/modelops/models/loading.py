"""Loads models and tokenizers from a local folder: safetensors only, no remote code, in a number format fast here."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_model(folder: str | Path, dtype: torch.dtype | str | None = None, **options: Any) -> PreTrainedModel:
    """The causal language model in ``folder``, in evaluation mode on the CPU; nothing is fetched, no code in it is run.

    ``dtype`` is a torch dtype or its name; without one it is :func:`fast_dtype`. Further options go to
    ``from_pretrained``. Raises ``InvalidInput`` with code ``model_not_found``, and ``Unavailable`` when torch or
    transformers are not installed.
    """
    model: PreTrainedModel = _from_pretrained(folder, dtype, options)
    return model


def load_model_with_report(folder: str | Path) -> tuple[PreTrainedModel, dict[str, Any]]:
    """:func:`load_model`, and what transformers reports about missing, left-over and mismatched tensors."""
    options = {"output_loading_info": True, "ignore_mismatched_sizes": True}
    model, report = _from_pretrained(folder, None, options)
    return model, report


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerBase:
    """The tokenizer in ``folder``, with its chat template if it has one; nothing is fetched, no code in it is run."""
    transformers = import_transformers()
    tokenizer: PreTrainedTokenizerBase = transformers.AutoTokenizer.from_pretrained(
        _existing(folder), local_files_only=True, trust_remote_code=False
    )
    return tokenizer


def fast_dtype() -> torch.dtype:
    """The number format to compute in here: bfloat16 where the hardware multiplies it, otherwise float32.

    On a CPU that means AMX or AVX-512 BF16, with which a training step of SmolLM2 is 1.5 times as fast as in float32
    and takes three quarters of its memory. AVX2 has no bfloat16 arithmetic: emulated, it is many times slower.
    """
    import torch

    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    native = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if native else torch.float32


def attention_implementation() -> str:
    """``flash_attention_2`` where the package and a GPU that it runs on are there, otherwise ``sdpa``."""
    import torch

    if importlib.util.find_spec("flash_attn") is None or not torch.cuda.is_available():
        return "sdpa"
    return "flash_attention_2" if torch.cuda.get_device_capability() >= (8, 0) else "sdpa"


def _from_pretrained(folder: str | Path, dtype: torch.dtype | str | None, options: dict[str, Any]) -> Any:
    transformers = import_transformers()
    options.setdefault("attn_implementation", attention_implementation())
    return transformers.AutoModelForCausalLM.from_pretrained(
        _existing(folder),
        dtype=dtype or fast_dtype(),
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        **options,
    )


def _existing(folder: str | Path) -> Path:
    # transformers takes what is no folder for a name on the hub.
    if not Path(folder).is_dir():
        raise InvalidInput("model_not_found", f"There is no folder {folder}.", "Give the folder that holds the model.")
    folder = Path(folder)
    if any(folder.glob("*.gguf")) and not any(folder.glob("*.safetensors")):
        raise InvalidInput(
            "weights_are_gguf",
            "The model is a GGUF file: it can be evaluated and served, not trained, merged or quantized again.",
            "Choose the model that it was made from; to ask it something, use load_for_inference.",
        )
    return folder


def import_transformers() -> Any:
    """The transformers package; raises ``Unavailable`` without it or without torch."""
    try:
        import torch  # noqa: F401  # transformers imports without it, and fails later with a longer story
        import transformers
    except ImportError as error:
        raise Unavailable(
            "training_not_installed",
            "Loading a model needs torch and transformers, which are not installed in this environment.",
            "Install them with: pip install 'jupyterlab-modelops[train]'",
        ) from error
    return transformers


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """No progress bars and log lines of transformers: progress is reported in the caller's words."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
