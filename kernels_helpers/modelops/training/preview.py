"""A dataset as a base model's tokenizer cuts and packs it: the counts, and the first rows token by token."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.conversations import IGNORED, cut, tokenize_row
from modelops.datasets.canonical import Row, iterate_lines, split_names
from modelops.datasets.held_out import held_out_split
from modelops.datasets.statistics import Lengths
from modelops.errors import InvalidInput, NotFound
from modelops.models.inspection import TOKENIZER_FILES

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MOST_ROWS = 5_000
"""Rows that are tokenized; of a larger dataset every second, third … one is, and the counts are extrapolated."""

_MOST_BYTES = 4
"""Of one character in UTF-8, and so the tokens over which it can be split."""

Example = dict[str, list[int]]


@dataclass(frozen=True)
class DatasetFacts:
    """How the training rows of a dataset fit a tokenizer and a length limit; of a large dataset extrapolated."""

    rows: int
    sampled: int
    """Rows that were tokenized for it."""
    held_out: str | None
    """The split that is held out, if there is one."""
    over_length: int
    """Rows that are longer than the limit and will be cut off there."""
    masked: int
    """Rows that have an answer, and lose it by that."""
    empty: int
    """Rows that have no answer at all."""
    tokens: int
    """Tokens that one epoch trains on."""
    learned: int
    """Those of them that are learned."""
    packed_rows: int
    learned_in_row: int
    """Learned tokens of a packed row that has many of them: nine of ten have fewer."""
    longest: int
    """Tokens of the longest whole row."""
    histogram: list[dict[str, int]]
    """Lengths of whole rows in tokens."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class TokenizedDataset:
    """The training rows of a dataset, whole, as a tokenizer writes them.

    Raises ``NotFound`` without a train split, ``InvalidInput`` where rows cannot be tokenized.
    """

    def __init__(self, folder: Path, tokenizer: PreTrainedTokenizerBase, most_rows: int = MOST_ROWS) -> None:
        self.tokenizer = tokenizer
        if "train" not in split_names(folder):
            raise NotFound("split_not_found", "The dataset has no train split.", "Add it again with training rows.")
        self.held_out = held_out_split(folder)
        self.rows = sum(1 for _ in iterate_lines(folder, "train"))
        step = max(1, -(-self.rows // most_rows))
        chosen: Iterator[Row] = map(json.loads, islice(iterate_lines(folder, "train"), 0, None, step))
        self.examples: list[Example] = [tokenize_row(row, tokenizer) for row in chosen]
        self.lengths = Lengths()
        for example in self.examples:
            self.lengths.add(len(example["input_ids"]))

    def facts(self, max_length: int) -> DatasetFacts:
        """The counts at a length limit; raises ``InvalidInput`` (``nothing_to_learn``)."""
        kept, masked, empty = self._cut(max_length)
        packed = _pack(kept, max_length)
        learned = [sum(label != IGNORED for label in labels) for labels in packed["labels"]]
        lengths = [len(ids) for ids in packed["input_ids"]]
        scale = self.rows / len(self.examples)
        return DatasetFacts(
            rows=self.rows,
            sampled=len(self.examples),
            held_out=self.held_out,
            over_length=round(scale * self.lengths.over(max_length)),
            masked=round(scale * masked),
            empty=round(scale * empty),
            tokens=round(scale * sum(lengths)),
            learned=round(scale * sum(learned)),
            packed_rows=round(scale * len(lengths)),
            learned_in_row=sorted(learned)[9 * len(learned) // 10],
            longest=max(self.lengths.counts),
            histogram=[{**bin_, "rows": round(scale * bin_["rows"])} for bin_ in self.lengths.histogram()],
        )

    def first_rows(self, max_length: int, rows: int, most_tokens: int) -> dict[str, Any]:
        """The first packed rows as the collator of the training template gives them to the model.

        Each is ``{"tokens": [{"text", "learned"}], "length"}``; ``truncated`` says that rows have more tokens.
        """
        from modelops.conversations import PackedCollator

        kept, _, _ = self._cut(max_length)
        packed, collate = _pack(kept, max_length), PackedCollator()
        shown: list[dict[str, Any]] = []
        for row in packed.select(range(min(rows, len(packed)))):
            batch: dict[str, Any] = collate([row])
            ids = batch["input_ids"][0].tolist()
            # Logits are kept where the next token is learned.
            learned = set((batch["logits_to_keep"] + 1).tolist())
            texts = islice(token_texts(ids, self.tokenizer), most_tokens)
            tokens = [{"text": text, "learned": place in learned} for place, text in enumerate(texts)]
            shown.append({"tokens": tokens, "length": len(ids)})
        return {"rows": shown, "truncated": any(len(row["tokens"]) < row["length"] for row in shown)}

    def _cut(self, max_length: int) -> tuple[list[Example], int, int]:
        kept, masked, empty = [], 0, 0
        for example in self.examples:
            if shortened := cut(example, max_length):
                kept.append(shortened)
            elif cut(example, len(example["input_ids"])):
                masked += 1
            else:
                empty += 1
        if not kept:
            raise InvalidInput(
                "nothing_to_learn",
                f"None of the {self.rows} rows has a token to learn from within {max_length} tokens.",
                "Raise max_length, or check that the rows have answers: modelops datasets inspect NAME.",
                masked=masked,
                empty=empty,
            )
        return kept, masked, empty


def token_texts(ids: Sequence[int], tokenizer: PreTrainedTokenizerBase) -> Iterator[str]:
    """The text of each token; joined they are the text of all, special tokens included.

    A character whose bytes are split over several tokens is the text of the last of them; the others have none.
    """
    # Decoded together with the tokens before them: alone, some tokenizers drop the space in front of a word.
    context = begin = 0
    for place in range(len(ids)):
        before = _decode(tokenizer, ids[context:begin])
        text = _decode(tokenizer, ids[context : place + 1])
        if text.endswith("\ufffd") and place + 1 - begin < _MOST_BYTES and place + 1 < len(ids):
            yield ""
            continue
        yield text[len(before) :]
        context, begin = begin, place + 1


def is_tokenizer_file(path: str) -> bool:
    """Whether a model's file is needed to load its tokenizer."""
    if "/" in path or path.endswith(".safetensors.index.json"):
        return False
    return path in TOKENIZER_FILES or path.endswith((".json", ".jinja", ".txt"))


def _decode(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    text = tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return str(text)


def _pack(examples: Iterable[Example], max_length: int) -> Any:
    from datasets import Dataset

    from modelops.conversations import pack

    return pack(Dataset.from_list(list(examples)), max_length)
