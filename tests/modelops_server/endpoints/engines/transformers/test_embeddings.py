"""Vectors of texts: means of the last hidden states, of length 1."""

from __future__ import annotations

import base64
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from engine_process import Engine

from modelops.models.inference import load_for_inference


def vectors(engine: Engine, given: Any, **body: Any) -> list[list[float]]:
    answer = engine.post("embeddings", input=given, **body).json()
    assert [item["index"] for item in answer["data"]] == list(range(len(answer["data"])))
    return [item["embedding"] for item in answer["data"]]


def test_a_vector_is_the_mean_of_the_last_hidden_states(engine: Engine, learned_model: Path) -> None:
    model, tokenizer = load_for_inference(learned_model)
    ids = tokenizer("The sky", return_tensors="pt")
    with torch.inference_mode():
        states = model.base_model(**ids).last_hidden_state[0].float()
    wanted = torch.nn.functional.normalize(states.mean(dim=0), dim=0)

    (found,) = vectors(engine, "The sky")

    assert found == pytest.approx(wanted.tolist(), abs=1e-3)


def test_texts_of_different_lengths_get_what_each_gets_alone(engine: Engine) -> None:
    texts = ["a", "The sea is blue", "x" * 200, "Hi", *(f"number {number}" for number in range(20))]

    together = vectors(engine, texts)

    for text, vector in zip(texts, together, strict=True):
        assert vector == pytest.approx(vectors(engine, text)[0], abs=0.02)


def test_token_ids_are_texts_too(engine: Engine, learned_model: Path) -> None:
    ids = load_for_inference(learned_model).tokenizer("sea")["input_ids"]

    assert vectors(engine, ids) == vectors(engine, [ids]) == vectors(engine, "sea")


def test_an_adapter_has_vectors_of_its_own(engine: Engine) -> None:
    assert vectors(engine, "sea", model="tiny/next")[0] != pytest.approx(vectors(engine, "sea")[0], abs=0.02)


def test_vectors_come_as_base64_where_that_is_wanted(engine: Engine) -> None:
    (plain,), (packed,) = vectors(engine, "sea"), vectors(engine, "sea", encoding_format="base64")

    numbers = struct.unpack(f"<{len(plain)}f", base64.b64decode(packed))  # type: ignore[arg-type]
    assert list(numbers) == pytest.approx(plain)


def test_tokens_are_counted(engine: Engine) -> None:
    assert engine.post("embeddings", input=["ab", "cde"]).json()["usage"] == {"prompt_tokens": 5, "total_tokens": 5}
