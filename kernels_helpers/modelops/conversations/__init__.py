"""Conversations as a language model reads them: tokens, where the assistant speaks, and rows packed without padding.

Training learns from them, evaluation scores them. What needs torch or transformers is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelops.conversations.tokens import (
    IGNORED,
    Examples,
    cut,
    tokenize_conversation,
    tokenize_row,
    tokenize_rows,
)

if TYPE_CHECKING:
    from modelops.conversations.packing import PackedCollator, pack

_HOMES = {"PackedCollator": "packing", "pack": "packing"}

__all__ = [
    "IGNORED",
    "Examples",
    "PackedCollator",
    "cut",
    "pack",
    "tokenize_conversation",
    "tokenize_row",
    "tokenize_rows",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
