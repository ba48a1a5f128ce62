"""The model to quantize: whether it can be, and with an adapter merged into it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.errors import InvalidInput
from modelops.models import ModelInfo, inspect_model, load_model

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from modelops.registry import VerifiedArtifact


def inspect_unquantized(source: VerifiedArtifact) -> ModelInfo:
    """What a model in safetensors files is.

    Raises ``InvalidInput`` for one whose weights are stored rounded (``quantized_already``), or as GGUF
    (``weights_are_gguf``).
    """
    ggufs = sorted(source.path.glob("*.gguf"))
    info = inspect_model(ggufs[0] if ggufs and not any(source.path.glob("*.safetensors")) else source.path)
    origin = f"Choose the model that it was made from: {source.metadata.get('base_model', 'see its lineage')}."
    if info.quantization:
        raise InvalidInput(
            "quantized_already",
            f"{source.artifact.ref} is quantized already ({info.quantization}): what its rounding took away does not "
            "come back, and a second rounding comes on top.",
            origin,
            quantization=info.quantization,
        )
    if info.format == "gguf":
        raise InvalidInput("weights_are_gguf", f"{source.artifact.ref} is a GGUF file; safetensors are needed.", origin)
    return info


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
