"""Packs examples into rows without padding, and computes logits only where a token is learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelops.conversations.tokens import IGNORED

if TYPE_CHECKING:
    import torch
    from datasets import Dataset


def pack(examples: Dataset, length: int) -> Dataset:
    """Put whole examples into as few rows of at most ``length`` tokens as best-fit decreasing finds.

    Rows have ``input_ids``, ``labels`` and ``seq_lengths``. Nothing is cut: raises ``ValueError`` for an example that
    is longer than a row. See "Fewer Truncations Improve Language Modeling", https://arxiv.org/abs/2404.10830.
    """
    from trl.data_utils import pack_dataset

    longest = max(map(len, examples["input_ids"]))
    if longest > length:
        raise ValueError(f"an example of {longest} tokens does not fit into rows of {length}")
    packed: Dataset = pack_dataset(examples.select_columns(["input_ids", "labels"]), length, strategy="bfd")
    return packed


class PackedCollator:
    """Lays packed rows end to end, as one sequence in which no example sees another.

    ``position_ids`` begin at 0 with every example; without an attention mask and a cache, transformers attends within
    each run of them only (block-diagonal ``sdpa``, variable-length flash attention). ``logits_to_keep`` are the
    positions whose next token is learned: the language-model head, a matrix of hidden size by vocabulary, is applied
    there and nowhere else. ``shift_labels`` are those next tokens, and ``labels`` only say that there is a loss.
    """

    def __init__(self, flash_attention: bool = False) -> None:
        from transformers import DataCollatorWithFlattening

        self._flatten = DataCollatorWithFlattening(  # type: ignore[no-untyped-call]
            return_flash_attn_kwargs=flash_attention
        )

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor | int | bool]:
        batch: dict[str, Any] = self._flatten([example for row in rows for example in _unpack(row)])
        labels = batch["labels"][0]
        # The flattening collator has masked each example's first token: the one before it belongs to another.
        learned = (labels[1:] != IGNORED).nonzero().squeeze(1)
        targets = labels[learned + 1].unsqueeze(0)
        return {**batch, "logits_to_keep": learned, "labels": targets, "shift_labels": targets, "use_cache": False}


def _unpack(row: Mapping[str, Any]) -> Iterator[dict[str, list[int]]]:
    start = 0
    for length in row["seq_lengths"]:
        stop = start + length
        yield {"input_ids": row["input_ids"][start:stop], "labels": row["labels"][start:stop]}
        start = stop
