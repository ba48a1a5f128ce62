"""Counts the tokens of a row as a model would see it."""

from __future__ import annotations

from typing import Any

from modelops.datasets.canonical import Row
from modelops.datasets.statistics import TokenCounter


def token_counter(tokenizer: Any) -> TokenCounter:
    """Count with a ``transformers`` tokenizer: chats by its chat template if it has one, texts with special tokens."""

    def count(row: Row) -> int:
        if "messages" not in row:
            return len(tokenizer(row["text"])["input_ids"])
        if tokenizer.chat_template:
            return len(tokenizer.apply_chat_template(row["messages"], tokenize=True, return_dict=False))
        return len(tokenizer("\n".join(message["content"] for message in row["messages"]))["input_ids"])

    return count
