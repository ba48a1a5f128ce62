"""Supervised fine-tuning: what the training templates use beside transformers, peft and trl."""

from __future__ import annotations

from modelops.training.batching import PackedCollator, mean_answer_loss, pack, token_losses
from modelops.training.callbacks import Progress, Samples, StopWhenNotFinite, TimeBudget
from modelops.training.checkpoints import last_checkpoint, run_identity
from modelops.training.conversations import IGNORED, Examples, tokenize_conversation, tokenize_rows
from modelops.training.memory import peak_memory_bytes
from modelops.training.merging import require_equal_logits
from modelops.training.model_cards import merged_model_card, model_card
from modelops.training.quantized import keep_differentiable

__all__ = [
    "IGNORED",
    "Examples",
    "PackedCollator",
    "Progress",
    "Samples",
    "StopWhenNotFinite",
    "TimeBudget",
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
    "tokenize_rows",
]
