"""Turns conversations into token ids, with labels only where the assistant speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from modelops.errors import InvalidInput

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label of a token that nothing is learned from: what PyTorch's cross entropy ignores."""

_GENERATION_BLOCK = re.compile(r"\{%-?\s*generation\s*-?%\}")


@dataclass(frozen=True)
class Examples:
    """Tokenized rows (``input_ids``, ``labels``), and what the length limit did to them."""

    dataset: Dataset
    truncated: int
    """Rows that were cut off at the limit."""
    dropped: int
    """Rows that had no answer token left below the limit."""
    sources: tuple[int, ...]
    """Which of the rows each example is: its place among them, from 0."""
    tokenizer: PreTrainedTokenizerBase
    """What the ids mean."""

    def answer_bytes(self) -> list[int]:
        """Bytes of UTF-8 in the answers of each example, as far as they were not cut off; special tokens have none."""
        answers = ([label for label in labels[1:] if label != IGNORED] for labels in self.dataset["labels"])
        options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
        return [len(str(self.tokenizer.decode(answer, **options)).encode()) for answer in answers]


def tokenize_rows(rows: Iterable[Mapping[str, Any]], tokenizer: PreTrainedTokenizerBase, max_length: int) -> Examples:
    """Tokenize conversations (``messages``) and plain texts (``text``), each cut off at ``max_length`` tokens.

    Raises ``InvalidInput`` (``nothing_to_learn``) when no row has a token to learn from, and what
    :func:`tokenize_conversation` raises.
    """
    from datasets import Dataset

    kept, sources, truncated, dropped = [], [], 0, 0
    for place, row in enumerate(rows):
        example = tokenize_row(row, tokenizer)
        truncated += len(example["input_ids"]) > max_length
        if shortened := cut(example, max_length):
            kept.append(shortened)
            sources.append(place)
        else:
            dropped += 1
    if not kept:
        raise InvalidInput(
            "nothing_to_learn",
            f"None of the {dropped} rows has a token to learn from within {max_length} tokens.",
            "Raise max_length, or check that the rows have answers: modelops datasets inspect NAME.",
            rows=dropped,
            max_length=max_length,
        )
    return Examples(Dataset.from_list(kept), truncated, dropped, tuple(sources), tokenizer)


def tokenize_row(row: Mapping[str, Any], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[int]]:
    """One row, whole, as ``input_ids`` and ``labels``; raises what :func:`tokenize_conversation` raises."""
    if "messages" in row:
        return tokenize_conversation(row["messages"], tokenizer)
    return _learned_as_a_whole(tokenizer(row["text"])["input_ids"])


def cut(example: Mapping[str, list[int]], max_length: int) -> dict[str, list[int]] | None:
    """An example cut off at ``max_length`` tokens; ``None`` when nothing to learn is left of it."""
    shortened = {column: values[:max_length] for column, values in example.items()}
    # The first token of a sequence has nothing before it that could predict it.
    return None if all(label == IGNORED for label in shortened["labels"][1:]) else shortened


def tokenize_conversation(messages: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[int]]:
    """One conversation as ``input_ids`` and ``labels``; the labels are ids inside answers and ``-100`` elsewhere.

    An answer ends with its end-of-turn token, so the model also learns to stop. A template with ``{% generation %}``
    marks the answers itself; in any other they are found by rendering the conversation up to each of them. Raises
    ``InvalidInput`` when the tokenizer has no chat template or the template rewrites earlier turns.
    """
    template = tokenizer.chat_template
    if not isinstance(template, str):
        raise InvalidInput(
            "chat_template_missing",
            "The tokenizer of the base model has no chat template, so conversations cannot be written as text.",
            "Choose an instruction-tuned base model, or a dataset of plain text.",
        )
    if _GENERATION_BLOCK.search(template):
        marked: Any = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
        learned = [bool(flag) for flag in marked["assistant_masks"]]
        return _labelled(marked["input_ids"], learned)

    text = _render(tokenizer, messages)
    answers = [_answer_span(tokenizer, messages, turn, text) for turn in _assistant_turns(messages)]
    # The template has written every special token already.
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    learned = [
        start < end and any(first <= start and end <= last for first, last in answers)
        for start, end in encoded["offset_mapping"]
    ]
    return _labelled(encoded["input_ids"], learned)


def _assistant_turns(messages: list[dict[str, Any]]) -> list[int]:
    turns = [turn for turn, message in enumerate(messages) if message["role"] == "assistant"]
    if turns[:1] == [0]:
        raise InvalidInput(
            "answer_without_question",
            "A conversation begins with an answer; there is nothing that it answers.",
            "Begin every conversation with a system or user message.",
        )
    return turns


def _answer_span(
    tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, Any]], turn: int, text: str
) -> tuple[int, int]:
    """Where in ``text`` the model itself writes: from the end of the generation prompt to the end of the turn."""
    before = _render(tokenizer, messages[:turn])
    upto = _render(tokenizer, messages[: turn + 1])
    if not (text.startswith(before) and text.startswith(upto)):
        raise InvalidInput(
            "chat_template_rewrites_history",
            "The chat template writes earlier turns differently once a conversation goes on, so the answers in it "
            "cannot be told apart.",
            "Mark the answers in the template with {% generation %} … {% endgeneration %}, or use conversations with "
            "one answer each.",
        )
    # Some templates put more into the generation prompt (an empty thought) than into a finished turn.
    prompt = _shared_length(_render(tokenizer, messages[:turn], add_generation_prompt=True), upto)
    # Generation ends at the end-of-turn token: the line break that a template puts after it is never asked for.
    return prompt, len(upto.rstrip())


def _render(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, Any]], **options: Any) -> str:
    return cast("str", tokenizer.apply_chat_template(messages, tokenize=False, **options))


def _shared_length(one: str, other: str) -> int:
    """How many characters both begin with."""
    differing = (at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right)
    return next(differing, min(len(one), len(other)))


def _labelled(input_ids: list[int], learned: list[bool]) -> dict[str, list[int]]:
    labels = [token if learn else IGNORED for token, learn in zip(input_ids, learned, strict=True)]
    return {"input_ids": list(input_ids), "labels": labels}


def _learned_as_a_whole(input_ids: list[int]) -> dict[str, list[int]]:
    return {"input_ids": list(input_ids), "labels": list(input_ids)}
