"""Speeds are counted tokens over measured seconds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from modelops.errors import InvalidInput, Unavailable
from modelops.evaluation import gguf_speed, speed


def test_tokens_per_second_of_reading_and_of_writing(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock on which each forward pass takes as many seconds as it has tokens, doubled."""
    now, lengths = 0.0, []
    forward = model.forward

    def slow(input_ids: Any, **options: Any) -> Any:
        nonlocal now
        now += 2 * input_ids.shape[1]
        lengths.append(input_ids.shape[1])
        return forward(input_ids, **options)

    monkeypatch.setattr(model, "forward", slow)
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    found = speed(model, tokenizer, prompt_tokens=100, new_tokens=3, repetitions=6)
    for measure in found.values():
        assert (measure.low, measure.value, measure.high, measure.n) == (0.5, 0.5, 0.5, 6)
        assert (measure.unit, measure.method.endswith("a confidence of 96.9%")) == ("tokens/s", True)
    assert list(found) == ["prefill_speed", "decode_speed"]
    assert lengths == [100, 1, 1, 1] * 7


def test_more_tokens_than_the_model_takes_are_refused(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    with pytest.raises(InvalidInput, match="more than the model's 512"):
        speed(model, tokenizer, prompt_tokens=500, new_tokens=13)


def test_a_gguf_file_is_run_by_llama_cpp(tiny_gguf: Path) -> None:
    told: list[tuple[int, int]] = []

    found = gguf_speed(
        tiny_gguf,
        prompt_tokens=40,
        new_tokens=8,
        repetitions=6,
        on_progress=lambda done, total: told.append((done, total)),
    )

    assert list(found) == ["prefill_speed", "decode_speed"]
    for measure in found.values():
        assert 0 < measure.low <= measure.value <= measure.high
        assert (measure.unit, measure.n) == ("tokens/s", 6)
        assert "by llama.cpp (xllamacpp " in measure.method
    assert told == [(done, 6) for done in range(7)]


def test_more_tokens_than_llama_cpp_takes_are_refused(tiny_gguf: Path) -> None:
    with pytest.raises(InvalidInput, match="context size"):
        gguf_speed(tiny_gguf, prompt_tokens=600)


def test_a_file_that_ends_llama_cpp_is_named_and_ends_nothing_else(tiny_gguf: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.gguf").write_bytes(b"GGUF" + bytes(100))
    # A vocabulary with the same token twice is an assertion that fails.
    (tmp_path / "twice.gguf").write_bytes(tiny_gguf.read_bytes().replace(b"<unused1>", b"<unused0>", 1))

    for name in ("odd.gguf", "twice.gguf"):
        with pytest.raises(InvalidInput, match=f"does not run {name}: .+") as caught:
            gguf_speed(tmp_path / name)
        assert caught.value.code == "gguf_not_run"


def test_without_the_engine_it_is_said_what_to_install(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelops.evaluation.gguf_speeds.find_spec", lambda name: None)

    with pytest.raises(Unavailable) as caught:
        gguf_speed(tiny_gguf)

    assert (caught.value.code, "[serve]" in caught.value.hint) == ("engine_missing", True)
