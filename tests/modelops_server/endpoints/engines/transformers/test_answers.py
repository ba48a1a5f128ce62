"""What the transformers engine answers: the model's own words, whoever is answered beside."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from engine_process import Engine
from tiny_answers import NEXT, QUESTIONS, THIRD

from modelops.evaluation.answers import greedy_answer
from modelops.models.inference import load_adapted, load_for_inference


def test_the_likeliest_answer_is_the_one_that_evaluation_gets(engine: Engine, learned_model: Path) -> None:
    model, tokenizer = load_for_inference(learned_model)

    for question in [*QUESTIONS, "Something else that nobody has learned"]:
        turns = [{"role": "user", "content": question}]
        assert engine.say(question, max_tokens=40) == greedy_answer(model, tokenizer, turns, 40)


def test_an_adapter_answers_as_in_evaluation(
    engine: Engine, learned_model: Path, learned_adapters: list[dict[str, str]]
) -> None:
    for adapter in learned_adapters:
        model, tokenizer = load_adapted(learned_model, adapter["folder"])
        wanted = greedy_answer(model, tokenizer, [{"role": "user", "content": "Sky?"}], 60)
        assert engine.say("Sky?", model=f"tiny/{adapter['name']}") == wanted


def test_eight_at_once_get_what_each_gets_alone(engine: Engine) -> None:
    alone = {question: engine.chat(question, logprobs=True) for question in QUESTIONS}

    with ThreadPoolExecutor(len(QUESTIONS)) as clients:
        together = dict(
            zip(QUESTIONS, clients.map(lambda question: engine.chat(question, logprobs=True), QUESTIONS), strict=True)
        )

    for question, answer in QUESTIONS.items():
        one, other = alone[question]["choices"][0], together[question]["choices"][0]
        assert one["message"]["content"] == other["message"]["content"] == answer
        assert likelihoods(other) == pytest.approx(likelihoods(one), abs=0.05)


def test_answers_of_several_adapters_are_computed_in_one_batch(engine: Engine) -> None:
    wanted = {"tiny": QUESTIONS, "tiny/next": NEXT, "tiny/next.3": THIRD}
    asked = [(model, question) for question in ("Hi", "Sky?", "Song") for model in wanted]

    with ThreadPoolExecutor(len(asked)) as clients:
        said = list(clients.map(lambda each: engine.say(each[1], model=each[0]), asked))

    assert said == [wanted[model][question] for model, question in asked]
    assert "cannot" not in engine.log.read_text()


def test_a_prompt_longer_than_one_piece_is_read_beside_other_answers(engine: Engine) -> None:
    long = {"prompt": "Lighthouses! " * 30, "max_tokens": 20, "temperature": 0, "logprobs": 0}
    alone = engine.post("completions", **long).json()["choices"][0]

    with ThreadPoolExecutor(2) as clients:
        other = clients.submit(engine.post, "completions", prompt="a", max_tokens=300, temperature=0, ignore_eos=True)
        beside = clients.submit(engine.post, "completions", **long).result().json()["choices"][0]
        assert other.result().status_code == 200

    assert likelihoods(beside)[0] == pytest.approx(likelihoods(alone)[0], abs=0.2)


def test_the_adapter_of_the_endpoint_is_applied_where_a_request_names_the_model_alone(
    start: Any, learned_model: Path, learned_adapters: list[dict[str, str]]
) -> None:
    engine = start(learned_model, adapters=learned_adapters, default_adapter="next")

    assert engine.say("Hi") == NEXT["Hi"]
    assert engine.say("Hi", model="tiny/next.3") == THIRD["Hi"]


def test_likelihoods_name_every_token_and_the_end(engine: Engine) -> None:
    choice = engine.chat("Greet", logprobs=True, top_logprobs=3)["choices"][0]
    *said, end = choice["logprobs"]["content"]

    assert bytes(byte for token in said for byte in token["bytes"]).decode() == QUESTIONS["Greet"]
    assert (end["id"], end["token"], choice["finish_reason"]) == (2, "<|im_end|>", "stop")
    for token in [*said, end]:
        first, *others = token["top_logprobs"]
        assert {key: token[key] for key in ("id", "token", "bytes", "logprob")} == first
        assert len(others) == 2
        assert -0.7 < first["logprob"] <= 0
        assert first["logprob"] > others[0]["logprob"] >= others[1]["logprob"]


def test_tokens_and_times_are_counted(engine: Engine) -> None:
    answer = engine.chat("Sum")

    usage, timings = answer["usage"], answer["timings"]
    assert usage["completion_tokens"] == timings["predicted_n"] == len(QUESTIONS["Sum"]) + 1
    assert usage["prompt_tokens"] == timings["prompt_n"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert timings["predicted_per_second"] == pytest.approx(1000 * timings["predicted_n"] / timings["predicted_ms"])


def test_several_prompts_are_answered_in_order(engine: Engine) -> None:
    prompts = ["one two", [80, 81], "la la"]
    choices = engine.post("completions", prompt="one two", temperature=0, max_tokens=5).json()["choices"]

    together = engine.post("completions", prompt=["one two", "la la"], temperature=0, max_tokens=5).json()["choices"]

    assert [choice["index"] for choice in together] == [0, 1]
    assert together[0]["text"] == choices[0]["text"]
    assert engine.post("completions", prompt=prompts[1], max_tokens=3).json()["usage"]["total_tokens"] == 5


def likelihoods(choice: dict[str, Any]) -> list[float]:
    return [token["logprob"] for token in choice["logprobs"]["content"]]
