"""Supervised fine-tuning: what the training templates use beside transformers, peft and trl, and what it will take.

The estimate needs neither torch nor transformers, so what does is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops.conversations import (
        IGNORED,
        Examples,
        PackedCollator,
        cut,
        pack,
        tokenize_conversation,
        tokenize_row,
        tokenize_rows,
    )
    from modelops.machine import peak_memory_bytes
    from modelops.training.callbacks import Progress, Samples, StopWhenNotFinite, TimeBudget
    from modelops.training.checkpoints import last_checkpoint
    from modelops.training.losses import mean_answer_loss, token_losses
    from modelops.training.merging import require_equal_logits
    from modelops.training.model_cards import merged_model_card, model_card
    from modelops.training.quantized import keep_differentiable

_HOMES = {
    "IGNORED": "modelops.conversations",
    "Examples": "modelops.conversations",
    "PackedCollator": "modelops.conversations",
    "Progress": "modelops.training.callbacks",
    "Samples": "modelops.training.callbacks",
    "StopWhenNotFinite": "modelops.training.callbacks",
    "TimeBudget": "modelops.training.callbacks",
    "cut": "modelops.conversations",
    "keep_differentiable": "modelops.training.quantized",
    "last_checkpoint": "modelops.training.checkpoints",
    "mean_answer_loss": "modelops.training.losses",
    "merged_model_card": "modelops.training.model_cards",
    "model_card": "modelops.training.model_cards",
    "pack": "modelops.conversations",
    "peak_memory_bytes": "modelops.machine",
    "require_equal_logits": "modelops.training.merging",
    "token_losses": "modelops.training.losses",
    "tokenize_conversation": "modelops.conversations",
    "tokenize_row": "modelops.conversations",
    "tokenize_rows": "modelops.conversations",
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
    "token_losses",
    "tokenize_conversation",
    "tokenize_row",
    "tokenize_rows",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
