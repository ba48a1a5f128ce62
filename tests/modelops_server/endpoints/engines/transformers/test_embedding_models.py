"""An embedding model is served with the vectors of sentence-transformers, and writes no text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from engine_process import Engine
from tiny_embedder import tiny_embedder_folder

from modelops.models import load_embedder

__all__ = ["tiny_embedder_folder"]


@pytest.fixture(scope="module")
def engine(tiny_embedder_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    served = Engine(tmp_path_factory.mktemp("engine"), tiny_embedder_folder, context=64)
    yield served
    served.stop()


def test_its_vectors_are_those_of_sentence_transformers(engine: Engine, tiny_embedder_folder: Path) -> None:
    texts = ["bread", "the river flows to the sea", *(f"number {number} {'day ' * number}" for number in range(20))]
    data = engine.post("embeddings", input=texts).json()["data"]
    wanted = load_embedder(tiny_embedder_folder).encode(texts)
    assert np.abs(np.array([item["embedding"] for item in data]) - wanted).max() < 1e-5


def test_token_ids_are_texts_too(engine: Engine, tiny_embedder_folder: Path) -> None:
    ids = load_embedder(tiny_embedder_folder).tokenizer("bread is baked")["input_ids"]
    by_ids, by_text = (engine.post("embeddings", input=given).json()["data"] for given in (ids, "bread is baked"))
    assert by_ids == by_text


def test_what_is_longer_than_it_reads_is_refused(engine: Engine) -> None:
    answer = engine.post("embeddings", input="bread " * 100)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")


@pytest.mark.parametrize("asked", [{"prompt": "Hi"}, {"messages": [{"role": "user", "content": "Hi"}]}])
def test_it_writes_no_text(engine: Engine, asked: dict[str, object]) -> None:
    answer = engine.post("completions" if "prompt" in asked else "chat/completions", **asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_supported")
    assert "embeddings" in answer.json()["error"]["message"]


def test_it_has_one_name(engine: Engine) -> None:
    assert [model["id"] for model in engine.client.get("/v1/models").json()["data"]] == ["tiny"]
    assert engine.post("embeddings", model="other", input="Hi").status_code == 404
