"""Speeds are counted tokens over measured seconds."""

from __future__ import annotations

import time
from typing import Any

import pytest
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from modelops.errors import InvalidInput
from modelops.evaluation import speed


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
