"""Multiple choice: which of several answers a model finds the likeliest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelops.conversations import tokenize_rows
from modelops.errors import InvalidInput, NotFound
from modelops.evaluation.progress import OnProgress, quietly
from modelops.evaluation.scoring import score_rows
from modelops.intervals import Measure, mean_of_shares

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Choice:
    """A question, its answers, and the place of the right one among them, from 0."""

    question: str
    choices: tuple[str, ...]
    answer: int


def read_choices(path: str | Path) -> list[Choice]:
    """Questions from lines of JSON: ``{"question": …, "choices": [two or more], "answer": place from 0, or its text}``.

    Raises ``NotFound`` without the file, and ``InvalidInput`` (``invalid_choices``) with the first line that is not so.
    """
    file = Path(path)
    if not file.is_file():
        raise NotFound("choices_not_found", f"There is no file {file}.", "Give the path of a file of JSON lines.")
    with file.open("rb") as lines:
        found = [_read(line, number, file.name) for number, line in enumerate(lines, 1) if line.strip()]
    if len(found) < 2:
        raise InvalidInput("invalid_choices", f"{file.name} has {len(found)} questions.", "Give two or more.")
    return found


def choice_measures(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: Sequence[Choice],
    *,
    max_length: int = 4096,
    on_progress: OnProgress = quietly,
) -> dict[str, Measure]:
    """``choice_accuracy``: the share of questions whose right answer is the likeliest.

    ``choice_accuracy_per_byte`` divides each answer's log-likelihood by its bytes first, so that long answers are at
    no disadvantage. Each answer is scored as an assistant's turn, its end included. Raises ``InvalidInput``
    (``too_long``) where a question and an answer have more than ``max_length`` tokens.
    """
    rows = [
        {"messages": [{"role": "user", "content": asked.question}, {"role": "assistant", "content": choice}]}
        for asked in questions
        for choice in asked.choices
    ]
    examples = tokenize_rows(rows, tokenizer, max_length)
    if examples.truncated or examples.dropped:
        raise InvalidInput(
            "too_long",
            f"{examples.truncated} questions with one of their answers are longer than {max_length} tokens.",
            "Give max_length more tokens, or shorter questions.",
        )
    scores = score_rows(model, examples, on_progress=on_progress)
    ends = np.cumsum([len(asked.choices) for asked in questions])[:-1]
    totals = np.split(-scores.nll, ends)
    per_byte = np.split(-scores.nll / np.maximum(scores.answer_bytes, 1), ends)
    return {
        "choice_accuracy": _accuracy(questions, totals),
        "choice_accuracy_per_byte": _accuracy(questions, per_byte),
    }


def _accuracy(questions: Sequence[Choice], likelihoods: Sequence[Any]) -> Measure:
    right = [float(values.argmax() == asked.answer) for asked, values in zip(questions, likelihoods, strict=True)]
    return mean_of_shares(np.array(right))


def _read(line: bytes, number: int, name: str) -> Choice:
    try:
        row = json.loads(line)
        question, choices, answer = row["question"], row["choices"], row["answer"]
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid(name, number, "is no JSON object with question, choices and answer") from error
    if not isinstance(question, str) or not question.strip():
        raise _invalid(name, number, "has a question that is no text")
    if not isinstance(choices, list) or len(choices) < 2 or not all(isinstance(text, str) and text for text in choices):
        raise _invalid(name, number, "has choices that are not two or more texts")
    if len(set(choices)) < len(choices):
        raise _invalid(name, number, "has the same choice twice")
    place = choices.index(answer) if isinstance(answer, str) and answer in choices else answer
    if type(place) is not int or not 0 <= place < len(choices):
        raise _invalid(name, number, "has an answer that is none of its choices")
    return Choice(question, tuple(choices), place)


def _invalid(name: str, number: int, reason: str) -> InvalidInput:
    return InvalidInput(
        "invalid_choices",
        f"Line {number} of {name} {reason}.",
        'Write each line as {"question": "…", "choices": ["…", "…"], "answer": 0}, counting from 0.',
        line=number,
    )
