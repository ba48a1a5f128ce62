"""The model to quantize: whether it can be, what it has lost before, and with an adapter merged into it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from modelops.errors import InvalidInput
from modelops.models import ModelInfo, Rounding, find_rounding, inspect_model, load_model, only_gguf, write_dequantized

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from modelops.registry import Artifact, VerifiedArtifact


class Source(NamedTuple):
    """The model to quantize, as safetensors; ``requantized`` is what :func:`requantized_from` says of a rounded one."""

    folder: Path
    info: ModelInfo
    requantized: dict[str, Any] | None


def open_source(source: VerifiedArtifact, target: Path, *, force: bool = False) -> Source:
    """The model that is to be quantized. With ``force`` one that is quantized already is written to ``target`` first,
    with the values that its rounding left.

    Raises ``InvalidInput`` for one whose weights are stored rounded (``quantized_already``), or as GGUF
    (``weights_are_gguf``), and with ``force`` where they cannot be read back
    (:func:`~modelops.models.checkpoints.write_dequantized`).
    """
    artifact, gguf = source.artifact, only_gguf(source.path)
    info = inspect_model(gguf or source.path)
    rounding = find_rounding(source.path)
    if rounding is None and gguf is None:
        return Source(source.path, info, None)
    if not force:
        raise refuse_rounded(artifact.ref, source.metadata, rounding)
    write_dequantized(source.path, target)
    return Source(target, inspect_model(target), requantized_from(artifact, rounding) if rounding else None)


def refuse_rounded(ref: str, metadata: Mapping[str, Any], rounding: Rounding | None) -> InvalidInput:
    """The refusal of a model that is quantized already, or with ``None`` of a GGUF file that is not."""
    original = original_of(metadata)
    hint = f"Choose the model that it was made from: {original or 'see its lineage'}."
    if rounding is None:
        hint += " force_requantize=true takes this one all the same."
        return InvalidInput("weights_are_gguf", f"{ref} is a GGUF file; safetensors are needed.", hint)
    if rounding.package is not None:
        hint += " force_requantize=true takes this one all the same."
    return InvalidInput(
        "quantized_already", lost(ref, rounding.method, rounding.bits), hint, quantization=rounding.method
    )


def lost(ref: str, method: str, bits: int | None) -> str:
    """What a model that is quantized already has lost, and what quantizing it again adds."""
    to = f" most of its weights to {bits} bits" if bits else ""
    return (
        f"{ref} is quantized already ({method}): what rounding{to} took away does not come back, and a second "
        "rounding comes on top."
    )


def original_of(metadata: Mapping[str, Any]) -> str | None:
    """The model that a quantized one was made from, and that was not quantized, as far as its metadata says."""
    before = metadata.get("requantized_from")
    if isinstance(before, dict):
        found = before.get("original")
        return found if isinstance(found, str) else None
    base, adapter = metadata.get("base_model"), metadata.get("adapter")
    if not isinstance(base, str):
        return None
    return f"{base} with {adapter}" if isinstance(adapter, str) else base


def requantized_from(artifact: Artifact, rounding: Rounding) -> dict[str, Any]:
    """What is recorded of the model that was quantized again: which, how it was rounded, and its ``original``."""
    return {
        "model": artifact.ref,
        "method": rounding.method,
        "bits": rounding.bits,
        "original": original_of(artifact.metadata),
    }


def requantized_note(requantized: Mapping[str, Any]) -> str:
    """What a person is told before a quantized model is quantized again."""
    said = lost(requantized["model"], requantized["method"], requantized["bits"])
    if original := requantized["original"]:
        said += f" The result can only be worse than {original} quantized directly."
    return f"{said} The gate compares it with {requantized['model']}: what was lost before does not show there."


def merge_adapter(base: Path, adapter: Path, tokenizer: PreTrainedTokenizerBase, target: Path) -> None:
    """Write the model in ``base`` to ``target`` with the adapter's update added, in the number format of ``base``.

    The sum is made in float32. Raises ``ValueError`` where it is not finite.
    """
    import torch
    from peft import PeftModel

    weights = load_model(base, dtype="auto")
    dtype = weights.dtype
    adapted: Any = PeftModel.from_pretrained(weights.to(torch.float32), str(adapter))  # type: ignore[arg-type]
    adapted.merge_and_unload(safe_merge=True).to(dtype).save_pretrained(target)
    tokenizer.save_pretrained(target)
