"""Multiple choice: the likeliest answer, over all or by its length, and files that say which line is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from modelops.conversations import IGNORED, tokenize_conversation
from modelops.errors import InvalidInput, NotFound
from modelops.evaluation import Choice, choice_measures, read_choices

GOOD = {"question": "Colour of the sky?", "choices": ["blue", "green"], "answer": 0}


def _write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def test_the_answer_is_a_place_or_a_text(tmp_path: Path) -> None:
    found = read_choices(_write(tmp_path / "c.jsonl", GOOD, "", {**GOOD, "answer": "green"}))
    assert found == [Choice("Colour of the sky?", ("blue", "green"), place) for place in (0, 1)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("no json", "no JSON object"),
        ({"question": "?"}, "no JSON object"),
        ({**GOOD, "question": " "}, "question that is no text"),
        ({**GOOD, "choices": ["blue"]}, "two or more"),
        ({**GOOD, "choices": ["blue", "blue"]}, "twice"),
        ({**GOOD, "answer": 2}, "none of its choices"),
        ({**GOOD, "answer": "red"}, "none of its choices"),
        ({**GOOD, "answer": True}, "none of its choices"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: object, reason: str) -> None:
    with pytest.raises(InvalidInput, match=f"Line 2 of c.jsonl .*{reason}") as refused:
        read_choices(_write(tmp_path / "c.jsonl", GOOD, row))
    assert refused.value.details == {"line": 2}


def test_a_missing_file_and_a_single_question_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_choices(tmp_path / "none.jsonl")
    with pytest.raises(InvalidInput, match="has 1 questions"):
        read_choices(_write(tmp_path / "c.jsonl", GOOD))


def test_the_likeliest_choice_counts(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    texts = ["yes", "certainly not, never", "maybe"]
    totals = []
    for text in texts:
        turns = [{"role": "user", "content": "Well?"}, {"role": "assistant", "content": text}]
        example = tokenize_conversation(turns, tokenizer)
        labels = torch.tensor(example["labels"][1:])
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([example["input_ids"]])).logits[0, :-1]
        totals.append(cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum").item())
    likeliest = totals.index(min(totals))
    per_byte = [total / len(text) for total, text in zip(totals, texts, strict=True)]
    by_length = per_byte.index(min(per_byte))
    assert likeliest != by_length  # the shortest is the likeliest of a random model, but not by its bytes

    questions = [Choice("Well?", tuple(texts), place) for place in (likeliest, by_length, likeliest, 1, 2, 0)]
    found = choice_measures(model, tokenizer, questions)
    right = [question.answer for question in questions]
    assert found["choice_accuracy"].value == pytest.approx(right.count(likeliest) / 6)
    assert found["choice_accuracy_per_byte"].value == pytest.approx(right.count(by_length) / 6)

    with pytest.raises(InvalidInput, match="longer than 60 tokens"):
        choice_measures(model, tokenizer, questions, max_length=60)
