"""Supervised fine-tuning: what the training templates use beside transformers, peft and trl, and what it will take.

The estimate needs neither torch nor transformers, so what does is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops.training.batching import PackedCollator, mean_answer_loss, pack, token_losses
    from modelops.training.callbacks import Progress, Samples, StopWhenNotFinite, TimeBudget
    from modelops.training.checkpoints import last_checkpoint, run_identity
    from modelops.training.conversations import (
        IGNORED,
        Examples,
        cut,
        tokenize_conversation,
        tokenize_row,
        tokenize_rows,
    )
    from modelops.training.memory import peak_memory_bytes
    from modelops.training.merging import require_equal_logits
    from modelops.training.model_cards import merged_model_card, model_card
    from modelops.training.quantized import keep_differentiable

_HOMES = {
    "IGNORED": "conversations",
    "Examples": "conversations",
    "PackedCollator": "batching",
    "Progress": "callbacks",
    "Samples": "callbacks",
    "StopWhenNotFinite": "callbacks",
    "TimeBudget": "callbacks",
    "cut": "conversations",
    "keep_differentiable": "quantized",
    "last_checkpoint": "checkpoints",
    "mean_answer_loss": "batching",
    "merged_model_card": "model_cards",
    "model_card": "model_cards",
    "pack": "batching",
    "peak_memory_bytes": "memory",
    "require_equal_logits": "merging",
    "run_identity": "checkpoints",
    "token_losses": "batching",
    "tokenize_conversation": "conversations",
    "tokenize_row": "conversations",
    "tokenize_rows": "conversations",
}

__all__ = [
    "IGNORED",
    "Examples",
    "PackedCollator",
    "Progress",
    "Samples",
    "StopWhenNotFinite",
    "TimeBudget",
    "cut",
    "keep_differentiable",
    "last_checkpoint",
    "mean_answer_loss",
    "merged_model_card",
    "model_card",
    "pack",
    "peak_memory_bytes",
    "require_equal_logits",
    "run_identity",
    "token_losses",
    "tokenize_conversation",
    "tokenize_row",
    "tokenize_rows",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
