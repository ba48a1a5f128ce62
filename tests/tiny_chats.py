"""Fixtures that several rooms share: a tiny model, its tokenizer, and conversations of different lengths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from modelops.conversations import tokenize_rows
from modelops.models import load_model, load_tokenizer


@pytest.fixture(scope="session")
def tokenizer(tiny_model_folder: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(tiny_model_folder)


@pytest.fixture
def model(tiny_model_folder: Path) -> PreTrainedModel:
    return load_model(tiny_model_folder, dtype="float32")


@pytest.fixture(scope="session")
def chats() -> list[dict[str, Any]]:
    questions = ["Hi", "What is a token, and why?", "Count!", "Name a colour of the sky, please."]
    answers = ["Hello.", "A piece of text.", "One, two, three, four, five, six, seven.", "Blue"]
    return [
        {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}
        for question, answer in zip(questions, answers, strict=True)
    ]


@pytest.fixture(scope="session")
def examples(chats: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase) -> Dataset:
    return tokenize_rows(chats, tokenizer, max_length=256).dataset
