"""What is asked: the rows of a dataset up to the answer that is to be written anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from modelops.datasets import iterate_split

Key = tuple[int, int]
"""Which answer it is: the row, from 0, and the sample of it, from 0."""


@dataclass(frozen=True)
class Prompt:
    """A conversation that the assistant is about to answer."""

    row: int
    """Its place in the split, from 0."""
    sample: int
    """Which of the answers to this row, from 0."""
    messages: tuple[Mapping[str, str], ...]
    reference: str | None
    """The answer that the dataset holds, if it holds one."""

    @property
    def key(self) -> Key:
        return self.row, self.sample

    @property
    def question(self) -> str:
        """The last turn of the user."""
        return self.messages[-1]["content"]


def read_prompts(
    folder: Path, split: str = "train", *, most: int | None = None, samples: int = 1, system_prompt: str = ""
) -> list[Prompt]:
    """The prompts of the first ``most`` rows of a split of a canonical dataset, each ``samples`` times, in order.

    A conversation is asked up to its last answer, a text as what the user says. ``system_prompt`` takes the place of
    a row's own. Raises ``NotFound`` (``split_not_found``).
    """
    prompts = []
    for row, content in enumerate(islice(iterate_split(folder, split), most)):
        messages, reference = _split_off(content)
        if system_prompt:
            turns = [turn for turn in messages if turn["role"] != "system"]
            messages = [{"role": "system", "content": system_prompt}, *turns]
        prompts += [Prompt(row, sample, tuple(messages), reference) for sample in range(samples)]
    return prompts


def _split_off(row: Mapping[str, Any]) -> tuple[list[dict[str, str]], str | None]:
    """The turns before the last answer, and that answer."""
    if "messages" not in row:
        return [{"role": "user", "content": str(row["text"])}], None
    turns = [{"role": turn["role"], "content": turn["content"]} for turn in row["messages"]]
    last = max(place for place, turn in enumerate(turns) if turn["role"] == "assistant")
    return turns[:last], turns[last]["content"]
