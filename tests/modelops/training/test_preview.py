"""A dataset as the training template would cut and pack it."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import DataCollatorWithFlattening, PreTrainedTokenizerBase

from modelops.errors import InvalidInput, NotFound
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.training import IGNORED, pack, tokenize_rows
from modelops.training.preview import TokenizedDataset, is_tokenizer_file, token_texts
from modelops.training.preview_worker import serve

Write = Callable[..., Path]


def _chat(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


ROWS = [_chat(f"Say {number}!", "ok " + "yes " * (7 * number % 23)) for number in range(30)]


@pytest.fixture
def dataset(tmp_path: Path) -> Write:
    """Writes a dataset in canonical form; without splits only a train split."""

    def write(rows: list[dict[str, Any]], *splits: str) -> Path:
        (tmp_path / "data").mkdir()
        for split in splits or ("train",):
            (tmp_path / "data" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return tmp_path

    return write


@pytest.fixture
def registered_chats(registry: Registry, dataset: Write) -> Artifact:
    """Named otherwise than everywhere else: ``chats`` are plain rows here."""
    build = Build("import", {"source": "test"}, (Dependency("source", "file:test", "0" * 64),))
    return registry.register(dataset(ROWS, "train", "test"), name="rows", kind="dataset", metadata={}, build=build)


def test_the_counts_are_those_of_the_template(dataset: Write, tokenizer: PreTrainedTokenizerBase) -> None:
    limit = 110
    facts = TokenizedDataset(dataset(ROWS, "train", "test"), tokenizer).facts(limit)

    examples = tokenize_rows(ROWS, tokenizer, limit)
    packed = pack(examples.dataset, limit)
    assert (facts.rows, facts.held_out) == (30, "test")
    assert 0 < facts.over_length == examples.truncated
    assert facts.masked + facts.empty == examples.dropped
    assert facts.packed_rows == len(packed)
    assert facts.tokens == sum(map(len, packed["input_ids"]))
    assert facts.learned == sum(label != IGNORED for labels in packed["labels"] for label in labels)
    assert sum(bin_["rows"] for bin_ in facts.histogram) == 30


def test_rows_that_lose_their_answer_are_told_from_those_that_have_none(
    dataset: Write, tokenizer: PreTrainedTokenizerBase
) -> None:
    unanswered = {"messages": [{"role": "user", "content": "Hello?"}]}
    rows = [_chat("Hi", "Hello."), _chat("why " * 60, "Because."), unanswered]

    facts = TokenizedDataset(dataset(rows), tokenizer).facts(128)

    assert (facts.masked, facts.empty, facts.held_out) == (1, 1, None)


def test_of_a_large_dataset_a_sample_is_counted_and_extrapolated(
    dataset: Write, tokenizer: PreTrainedTokenizerBase
) -> None:
    folder = dataset(ROWS)

    whole = TokenizedDataset(folder, tokenizer).facts(448)
    sample = TokenizedDataset(folder, tokenizer, most_rows=10).facts(448)

    assert (sample.rows, sample.sampled) == (30, 10)
    assert sample.tokens == pytest.approx(whole.tokens, rel=0.2)


def test_nothing_to_learn_says_whether_the_limit_is_why(dataset: Write, tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(InvalidInput) as caught:
        TokenizedDataset(dataset([_chat("why " * 60, "Because.")]), tokenizer).facts(64)

    assert (caught.value.code, caught.value.details["masked"]) == ("nothing_to_learn", 1)


def test_a_dataset_without_training_rows_is_refused(dataset: Write, tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(NotFound, match="no train split"):
        TokenizedDataset(dataset(ROWS, "test"), tokenizer)


def test_learned_is_what_has_a_label_in_the_collators_batch(dataset: Write, tokenizer: PreTrainedTokenizerBase) -> None:
    shown = TokenizedDataset(dataset(ROWS), tokenizer).first_rows(256, rows=2, most_tokens=1024)["rows"]

    packed = pack(tokenize_rows(ROWS, tokenizer, 256).dataset, 256)
    for row, one in zip(shown, packed, strict=False):
        examples, start = [], 0
        for length in one["seq_lengths"]:
            stop = start + length
            examples.append({"input_ids": one["input_ids"][start:stop], "labels": one["labels"][start:stop]})
            start = stop
        batch = DataCollatorWithFlattening()(examples)
        assert [token["learned"] for token in row["tokens"]] == (batch["labels"][0] != IGNORED).tolist()
        assert "".join(token["text"] for token in row["tokens"]) == tokenizer.decode(batch["input_ids"][0])
        assert row["length"] == len(row["tokens"])
    assert len(shown) == 2


def test_long_rows_are_shown_from_their_beginning(dataset: Write, tokenizer: PreTrainedTokenizerBase) -> None:
    batch = TokenizedDataset(dataset(ROWS), tokenizer).first_rows(256, rows=1, most_tokens=20)

    [row] = batch["rows"]
    assert (len(row["tokens"]), batch["truncated"]) == (20, True)
    assert row["length"] > 20


def test_a_character_that_is_split_over_tokens_is_the_text_of_the_last(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = tokenizer("a🙂é!")["input_ids"]  # this tokenizer has a token for each byte

    assert list(token_texts(ids, tokenizer)) == ["a", "", "", "", "🙂", "", "é", "!"]


def test_bytes_that_are_no_text_do_not_swallow_what_follows(tokenizer: PreTrainedTokenizerBase) -> None:
    [first, *_], [letter] = tokenizer("🙂")["input_ids"], tokenizer("x")["input_ids"]
    ids = [first, letter, letter, letter, letter, letter]

    texts = list(token_texts(ids, tokenizer))

    assert "".join(texts) == tokenizer.decode(ids)
    assert texts[-1] == "x"


@pytest.mark.parametrize(
    ("path", "needed"),
    [("tokenizer.json", True), ("chat_template.jinja", True), ("model.safetensors", False), ("x/config.json", False)],
)
def test_a_tokenizer_needs_no_weights(path: str, needed: bool) -> None:
    assert is_tokenizer_file(path) is needed


def _served(*questions: dict[str, Any]) -> list[dict[str, Any]]:
    asked, ask = os.pipe()
    os.write(ask, b"".join(json.dumps(question).encode() + b"\n" for question in questions))
    os.close(ask)
    replies = io.BytesIO()
    with os.fdopen(asked, "rb", buffering=0) as stream:
        serve(stream, replies)
    return [json.loads(line) for line in replies.getvalue().splitlines()]


def test_the_worker_answers_line_by_line_and_tells_problems(
    home: StateHome, tiny_model: Artifact, registered_chats: Artifact
) -> None:
    question = {"ask": "facts", "home": str(home.root), "dataset": registered_chats.ref, "model": tiny_model.ref}

    good, bad = _served({**question, "max_length": 128}, {**question, "max_length": 128, "dataset": "nope"})

    assert good["answer"]["rows"] == 30
    assert bad["problem"]["code"] == "artifact_not_found"


def test_the_worker_ends_when_nobody_asks(home: Any) -> None:
    asked, ask = os.pipe()
    began = time.monotonic()
    with os.fdopen(asked, "rb", buffering=0) as stream:
        serve(stream, io.BytesIO(), idle=0.05)
    os.close(ask)

    assert time.monotonic() - began < 30
