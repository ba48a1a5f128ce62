"""How tokens are chosen, and where an answer ends."""

from __future__ import annotations

from typing import Any

import pytest
from engine_process import Engine, asking
from tiny_answers import QUESTIONS


def sampled(engine: Engine, **body: Any) -> str:
    return str(engine.post("completions", prompt="Q", max_tokens=30, **body).json()["choices"][0]["text"])


def test_a_seed_repeats_an_answer_and_another_one_does_not(engine: Engine) -> None:
    first = sampled(engine, seed=1, temperature=2.0)

    assert sampled(engine, seed=1, temperature=2.0) == first
    assert sampled(engine, seed=2, temperature=2.0) != first


@pytest.mark.parametrize("narrow", [{"top_k": 1}, {"top_p": 0.0}, {"min_p": 1.0}, {"temperature": 0.0}])
def test_choosing_among_one_token_is_taking_the_likeliest(engine: Engine, narrow: dict[str, Any]) -> None:
    assert engine.say("Sky?", **{"temperature": 1.5, "seed": 5, **narrow}) == QUESTIONS["Sky?"]


def test_a_bias_forbids_a_token(engine: Engine) -> None:
    letter = engine.chat("Hi", logprobs=True)["choices"][0]["logprobs"]["content"][0]["id"]

    assert not engine.say("Hi", logit_bias={str(letter): -100}, max_tokens=5).startswith("H")


def test_penalties_keep_an_answer_from_repeating_itself(engine: Engine) -> None:
    body = {"prompt": "Q", "max_tokens": 25, "temperature": 0, "ignore_eos": True, "logprobs": 0}

    def different(**penalty: float) -> int:
        tokens = engine.post("completions", **body, **penalty).json()["choices"][0]["logprobs"]["content"]
        return len({token["id"] for token in tokens})

    plain = different()
    assert different(repetition_penalty=5.0) > plain
    assert different(frequency_penalty=2.0) >= plain
    assert different(presence_penalty=2.0) >= plain


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        ("and", "The sky is blue, "),
        (["sea", "so is"], "The sky is blue, and "),
        ("no such text", QUESTIONS["Sky?"]),
        ("sea.", QUESTIONS["Sky?"][:-4]),
        (["the sea is", "T" * 9], QUESTIONS["Sky?"]),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_text_ends_the_answer_and_is_not_said(
    engine: Engine, stop: str | list[str], said: str, stream: bool
) -> None:
    if not stream:
        choice = engine.chat("Sky?", stop=stop)["choices"][0]
        assert (choice["message"]["content"], choice["finish_reason"]) == (said, "stop")
        return
    chunks = engine.stream("chat/completions", **asking("Sky?", stop=stop))
    choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    assert "".join(choice["delta"].get("content", "") for choice in choices) == said
    assert choices[-1]["finish_reason"] == "stop"


def test_an_answer_ends_at_its_limit(engine: Engine) -> None:
    for limit in ({"max_tokens": 7}, {"max_completion_tokens": 7}):
        choice = engine.chat("Sky?", **limit)["choices"][0]
        assert (choice["message"]["content"], choice["finish_reason"]) == ("The sky", "length")


def test_an_answer_ends_where_the_context_does(engine: Engine) -> None:
    answer = engine.post("completions", prompt="a" * 500, max_tokens=100, ignore_eos=True).json()

    assert (answer["usage"]["total_tokens"], answer["choices"][0]["finish_reason"]) == (512, "length")


def test_a_stream_has_who_speaks_whole_characters_the_end_and_what_it_took(engine: Engine) -> None:
    first, *pieces, last, measures = engine.stream("chat/completions", **asking("Greet"))

    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    texts = [piece["choices"][0]["delta"]["content"] for piece in pieces]
    assert "".join(texts) == QUESTIONS["Greet"]
    assert "\ufffd" not in "".join(texts)
    assert {"ü", "東", "😀"} <= set(texts)
    assert last["choices"][0]["finish_reason"] == "stop"
    assert measures["choices"] == []
    assert measures["usage"]["completion_tokens"] == len(QUESTIONS["Greet"].encode()) + 1
    assert measures["timings"]["predicted_n"] == measures["usage"]["completion_tokens"]
    assert len({(chunk["id"], chunk["object"], chunk["model"]) for chunk in (first, *pieces, last, measures)}) == 1


def test_a_streamed_completion_is_the_whole_one(engine: Engine) -> None:
    body = {"prompt": ["Hello the", "one two"], "max_tokens": 12, "temperature": 0}
    whole = engine.post("completions", **body).json()["choices"]

    said = ["", ""]
    for chunk in engine.stream("completions", **body):
        for choice in chunk["choices"]:
            said[choice["index"]] += choice["text"]

    assert said == [choice["text"] for choice in whole]
