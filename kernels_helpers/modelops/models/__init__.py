"""Language and embedding models: where they come from, what they hold, how they are checked, stored and loaded."""

from __future__ import annotations

from modelops.models.adding import Registered, add_model, import_model
from modelops.models.checkpoints import cannot_dequantize, write_dequantized
from modelops.models.embedders import EmbedderInfo, inspect_embedder, is_embedder, load_embedder
from modelops.models.finiteness import check_finite
from modelops.models.greedy import Written, chat_prompt, end_tokens, write_greedily
from modelops.models.inference import Loaded, load_adapted, load_for_inference
from modelops.models.inspection import ModelInfo, inspect_model, text_config
from modelops.models.loading import attention_implementation, fast_dtype, load_model, load_tokenizer
from modelops.models.rounding import (
    Rounding,
    find_rounding,
    only_gguf,
    rounding_of_checkpoint,
    rounding_of_gguf,
)

__all__ = [
    "EmbedderInfo",
    "Loaded",
    "ModelInfo",
    "Registered",
    "Rounding",
    "Written",
    "add_model",
    "attention_implementation",
    "cannot_dequantize",
    "chat_prompt",
    "check_finite",
    "end_tokens",
    "fast_dtype",
    "find_rounding",
    "import_model",
    "inspect_embedder",
    "inspect_model",
    "is_embedder",
    "load_adapted",
    "load_embedder",
    "load_for_inference",
    "load_model",
    "load_tokenizer",
    "only_gguf",
    "rounding_of_checkpoint",
    "rounding_of_gguf",
    "text_config",
    "write_dequantized",
    "write_greedily",
]
