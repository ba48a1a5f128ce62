"""Answers that a tiny model learns by heart, so that each of their tokens is far likelier than any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from modelops.conversations import tokenize_conversation
from modelops.models import load_model, load_tokenizer

QUESTIONS = {
    "Hi": "Hello there, friend.",
    "Sky?": "The sky is blue, and so is the sea.",
    "Count": "one two three four five six",
    "Greet": "Grüße aus 東京 😀!",
    "Sum": "1 + 1 = 2",
    "Bye": "See you.",
    "List": "a, b, c, d, e, f, g",
    "Song": "la la la lo lo lo li li li",
}
_ANSWERS = list(QUESTIONS.values())
NEXT = dict(zip(QUESTIONS, _ANSWERS[1:] + _ANSWERS[:1], strict=True))
"""To each question the answer of the next one: another model, with the same letters."""
THIRD = dict(zip(QUESTIONS, _ANSWERS[3:] + _ANSWERS[:3], strict=True))


def learn(model: Any, tokenizer: Any, answers: dict[str, str], rate: float) -> None:
    """Teach a model these answers."""
    rows = [
        tokenize_conversation(
            [{"role": "user", "content": question}, {"role": "assistant", "content": answer}], tokenizer
        )
        for question, answer in answers.items()
    ]
    longest = max(len(row["input_ids"]) for row in rows)
    ids = torch.tensor([row["input_ids"] + [2] * (longest - len(row["input_ids"])) for row in rows])
    labels = torch.tensor([row["labels"] + [-100] * (longest - len(row["labels"])) for row in rows])
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=rate)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so small a model is slower with two
    model.train()
    for _ in range(2000):  # 200 are enough, mostly
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if loss.item() < 0.01:
            break
    assert loss.item() < 0.01
    model.eval()
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def learned_model(tiny_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, which answers each of ``QUESTIONS``."""
    folder = tmp_path_factory.mktemp("learned")
    model, tokenizer = load_model(tiny_model_folder, "float32"), load_tokenizer(tiny_model_folder)
    torch.manual_seed(0)
    learn(model, tokenizer, QUESTIONS, rate=5e-3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
