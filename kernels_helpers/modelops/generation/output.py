"""The dataset that answers make: conversations to train on, and beside them what is known of each answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.datasets.canonical import CanonicalWriter, encode_row
from modelops.datasets.datasheet import datasheet, metadata, write_datasheet
from modelops.datasets.statistics import Statistics
from modelops.errors import InvalidInput
from modelops.generation.answers import Answer, Outcome, Refusal
from modelops.generation.journal import Journal
from modelops.generation.prompts import Prompt


@dataclass(frozen=True)
class Made:
    """What a run came to."""

    answers: list[tuple[Prompt, Answer]]
    """What can be trained on, in the order of the rows."""
    refusals: list[tuple[Prompt, Refusal]]
    """Prompts that are left out, each with the reason."""

    @classmethod
    def of(cls, prompts: Sequence[Prompt], journal: Journal, *, keep_cut_off: bool = True) -> Made:
        """What became of the prompts; an answer that nothing can be learned from is a refusal."""
        answers, refusals = [], []
        for prompt in prompts:
            outcome = _judged(journal.outcomes[prompt.key], keep_cut_off)
            if isinstance(outcome, Refusal):
                refusals.append((prompt, outcome))
            else:
                answers.append((prompt, outcome))
        return cls(answers, refusals)

    @property
    def finish_reasons(self) -> dict[str, int]:
        """How many answers ended in which way."""
        return _counted(answer.finish_reason for _, answer in self.answers)

    @property
    def refused(self) -> dict[str, int]:
        """How many prompts were left out, by reason."""
        return _counted(refusal.code for _, refusal in self.refusals)


def require_enough(made: Made, most_refused: float) -> None:
    """Raise ``InvalidInput`` (``too_many_refused``) where all prompts, or more than this share, have no answer."""
    total = len(made.answers) + len(made.refusals)
    if made.answers and len(made.refusals) <= most_refused * total:
        return
    reasons = ", ".join(f"{count:,} {code}" for code, count in made.refused.items())
    first = f" The first: {made.refusals[0][1].message}" if made.refusals else ""
    raise InvalidInput(
        "too_many_refused",
        f"{len(made.refusals):,} of {total:,} prompts have no answer that can be kept: {reasons or 'none'}.{first}",
        "Choose shorter prompts or a smaller max_tokens, or raise most_refused.",
        refused=made.refused,
    )


def write_answers(folder: Path, made: Made, source: Mapping[str, Any]) -> dict[str, Any]:
    """Write a canonical dataset of the answers; returns its signed metadata.

    ``data/train.jsonl`` holds the conversations. Line by line beside it, ``facts/answers.jsonl`` says which row of the
    dataset was answered, how the answer ended and what stood there before; ``facts/refused.jsonl`` what was left out.
    ``source`` describes in the datasheet where all came from. The same answers give the same bytes.
    """
    statistics = Statistics()
    with CanonicalWriter(folder) as writer:
        for prompt, answer in made.answers:
            row = {"messages": [*map(dict, prompt.messages), {"role": "assistant", "content": answer.text}]}
            encoded = encode_row(row)
            writer.write("train", encoded)
            statistics.add("train", row, encoded)
    facts = folder / "facts"
    facts.mkdir()
    _write_lines(facts / "answers.jsonl", (_fact(prompt, answer) for prompt, answer in made.answers))
    if made.refusals:
        _write_lines(facts / "refused.jsonl", (_fact(prompt, refusal) for prompt, refusal in made.refusals))
    sheet = datasheet(statistics, format="messages", sources=[dict(source)], skipped=made.refused, dropped={})
    write_datasheet(folder, sheet)
    return metadata(sheet)


def _judged(outcome: Outcome, keep_cut_off: bool) -> Outcome:
    if isinstance(outcome, Refusal):
        return outcome
    if not outcome.text.strip():
        return Refusal(*outcome.key, "empty_answer", "The answer holds no text.")
    if outcome.finish_reason == "length" and not keep_cut_off:
        return Refusal(*outcome.key, "cut_off", f"The answer was cut off after {outcome.tokens} tokens.")
    return outcome


def _fact(prompt: Prompt, outcome: Outcome) -> dict[str, Any]:
    """Rows count from 1, as everywhere a person reads of them."""
    fields = outcome.as_json()
    fields.pop("text", None)
    return {**fields, "row": prompt.row + 1, "sample": prompt.sample + 1, "reference": prompt.reference}


def _write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    with path.open("x", encoding="utf-8") as stream:
        stream.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _counted(items: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(items).items()))
