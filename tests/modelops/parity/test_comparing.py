"""An endpoint agrees when it serves what was evaluated, and each planted fault is named where it first shows."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import PreTrainedTokenizerBase

from modelops.models import load_tokenizer
from modelops.parity import Golden, GoldenAnswer, compare, record_golden

Serve = Callable[..., Any]


@pytest.fixture
def ending(golden: Golden, sure: Any, tokenizer: PreTrainedTokenizerBase) -> Golden:
    """Golden prompts whose first answer ends with its third token."""
    sure.generation_config.eos_token_id = [golden.answers[0].ids[2]]
    found = record_golden(sure, tokenizer)
    assert found.answers[0].ended
    return found


def closest(golden: Golden) -> tuple[GoldenAnswer, int]:
    """The answer, and the place in it, where the likeliest two tokens are closest to each other."""
    places = [(answer, at) for answer in golden.answers for at in range(len(answer.steps) - 1)]
    return min(places, key=lambda place: gap(*place))


def gap(answer: GoldenAnswer, at: int) -> float:
    first, second, *_ = answer.steps[at]
    return first.logprob - second.logprob


def only(golden: Golden, answer: GoldenAnswer) -> Golden:
    return dataclasses.replace(golden, answers=(answer,))


@pytest.mark.parametrize("told", [{}, {"tells_ids": False}])
def test_the_model_itself_agrees_everywhere(golden: Golden, serve: Serve, told: dict[str, Any]) -> None:
    seen: list[tuple[int, int]] = []
    parity = compare(golden, serve(**told), on_progress=lambda done, total: seen.append((done, total)))

    assert parity.agrees
    assert parity.tokens == sum(len(answer.steps) for answer in golden.answers)
    assert (parity.prompts, parity.near_ties, parity.ends) == (8, 0, 0)
    assert parity.kl_divergence == pytest.approx(0, abs=1e-4)
    assert parity.largest_shift is None
    assert parity.largest_difference == pytest.approx(0, abs=1e-3)
    assert parity.sentence == (
        f"Served as evaluated: {parity.tokens} tokens of 8 answers agree; "
        "no answer ended, so the end token was not compared."
    )
    assert parity.as_json()["divergence"] is None
    assert (seen[0], seen[-1]) == ((0, 8), (8, 8))


def test_a_model_that_knows_no_chats_is_asked_for_texts(sure: Any, tiny_model_folder: Path, serve: Serve) -> None:
    plain = load_tokenizer(tiny_model_folder)
    plain.chat_template = None
    golden = record_golden(sure, plain)
    endpoint = serve(spelling=plain)

    assert compare(golden, endpoint).agrees
    assert [asked[:2] for asked in endpoint.asked] == [("complete", answer.prompt.text) for answer in golden.answers]


def test_a_chat_template_that_writes_another_number_of_tokens(
    golden: Golden, serve: Serve, tiny_model_folder: Path
) -> None:
    other = load_tokenizer(tiny_model_folder)
    other.chat_template = other.chat_template.replace("You are a tiny model", "You are a model")
    parity = compare(golden, serve(spelling=other))

    assert not parity.agrees
    found = parity.divergence
    assert found is not None
    assert (found.reason, found.prompt, found.position) == ("prompt", 1, 0)
    length = len(golden.answers[0].prompt_ids)
    assert f"written with {length - 5} tokens, the evaluation wrote {length}" in found.message
    assert parity.sentence.startswith("Not served as evaluated: prompt 1 (question): the prompt was written")
    # The prompt with a system prompt of its own is written the same.
    assert parity.tokens == 24


def test_a_chat_template_that_writes_as_many_other_tokens(
    golden: Golden, serve: Serve, tiny_model_folder: Path
) -> None:
    other = load_tokenizer(tiny_model_folder)
    other.chat_template = other.chat_template.replace("assistant\n' }}", "ASSISTANT\n' }}")
    assert other.chat_template != load_tokenizer(tiny_model_folder).chat_template
    found = compare(golden, serve(spelling=other)).divergence

    assert found is not None
    assert found.reason == "prompt"
    assert found.position > 0
    assert "after the evaluation's own prompt tokens it writes the same: another chat template" in found.message


def test_another_begin_token_before_texts(sure: Any, tiny_model_folder: Path, serve: Serve) -> None:
    plain = load_tokenizer(tiny_model_folder)
    plain.chat_template = None
    golden = record_golden(sure, plain)
    endpoint = serve(spelling=lambda text: {"input_ids": [1, *plain(text)["input_ids"]]})
    endpoint.tokenizer.convert_ids_to_tokens = plain.convert_ids_to_tokens
    endpoint.tokenizer.added_tokens_decoder = plain.added_tokens_decoder

    found = compare(golden, endpoint).divergence
    assert found is not None
    assert (found.reason, found.position) == ("prompt", 0)
    assert "another tokenizer or begin token" in found.message


def test_other_weights_write_other_tokens(golden: Golden, sure: Any, serve: Serve) -> None:
    other = copy.deepcopy(sure)
    torch.manual_seed(1)
    with torch.no_grad():
        for layer in other.model.layers:
            layer.mlp.down_proj.weight.normal_(std=0.2)
    parity = compare(golden, serve(other))

    found = parity.divergence
    assert found is not None
    assert found.reason == "token"
    answer = golden.answers[found.prompt - 1]
    expected = answer.steps[found.position - 1][0]
    assert (found.expected, found.expected_logprob) == (expected.text, expected.logprob)
    assert found.served != found.expected
    assert found.served_logprob is not None
    assert "other weights, an adapter that is not applied, or a coarser number format" in parity.sentence
    assert parity.as_json()["divergence"]["reason"] == "token"


def test_an_adapter_that_is_not_applied(sure: Any, tokenizer: PreTrainedTokenizerBase, serve: Serve) -> None:
    torch.manual_seed(3)
    base = copy.deepcopy(sure)
    adapted: Any = get_peft_model(sure, LoraConfig(r=8, target_modules="all-linear", init_lora_weights=False))
    golden = record_golden(adapted, tokenizer)

    assert compare(golden, serve(adapted)).agrees
    found = compare(golden, serve(base)).divergence
    assert found is not None
    assert found.reason in {"token", "likelihood"}


def test_the_same_tokens_by_other_likelihoods_are_another_model(golden: Golden, serve: Serve) -> None:
    parity = compare(golden, serve(scale=0.7))

    assert parity.tokens == sum(len(answer.steps) for answer in golden.answers)
    assert parity.near_ties == 0
    found = parity.divergence
    assert found is not None
    assert found.reason == "likelihood"
    assert "their likelihoods do not" in parity.sentence


def test_a_near_tie_is_excused_and_the_comparison_goes_on_behind_the_evaluations_token(
    golden: Golden, serve: Serve
) -> None:
    answer, at = closest(golden)
    assert gap(answer, at) < 0.2
    endpoint = serve(bias={answer.steps[at][1].id: gap(answer, at) + 0.05})
    parity = compare(only(golden, answer), endpoint)

    assert parity.agrees
    assert parity.near_ties >= 1
    assert parity.largest_shift == pytest.approx(gap(answer, at) + 0.05, abs=1e-3)
    assert f"{parity.near_ties} of them near ties" in parity.sentence
    assert parity.tokens == len(answer.steps)
    forced = [(asked[1], asked[2]) for asked in endpoint.asked if asked[0] == "complete"]
    assert len(forced) == parity.near_ties
    assert ([*answer.prompt_ids, *answer.ids[: at + 1]], len(answer.steps) - at - 1) in forced


def test_what_the_evaluation_was_sure_of_is_no_near_tie(golden: Golden, serve: Serve) -> None:
    answer, at = closest(golden)
    parity = compare(only(golden, answer), serve(bias={answer.steps[at][1].id: 3.0}))

    assert parity.divergence is not None
    assert parity.divergence.reason == "token"
    assert parity.divergence.odds_shift == pytest.approx(3.0, abs=1e-3)
    assert parity.tokens <= at


@pytest.mark.parametrize("lists_end", [True, False])
def test_an_end_is_compared_whether_or_not_the_engine_counts_it_as_a_token(
    ending: Golden, serve: Serve, lists_end: bool
) -> None:
    parity = compare(ending, serve(ends=ending.ends, lists_end=lists_end))

    assert parity.agrees
    assert parity.ends == sum(answer.ended for answer in ending.answers) > 0
    assert "the end token was not compared" not in parity.sentence


def test_an_endpoint_that_goes_on_where_the_evaluation_ended(ending: Golden, serve: Serve) -> None:
    found = compare(ending, serve(ends=[])).divergence

    assert found is not None
    assert (found.reason, found.prompt, found.position) == ("end", 1, 4)
    assert "the evaluation's answer ended, the endpoint went on with" in found.message
    assert (found.expected, found.expected_logprob) == ("", None)


def test_an_endpoint_that_must_not_write_the_end(ending: Golden, serve: Serve) -> None:
    found = compare(ending, serve(bias=dict.fromkeys(ending.ends, -100.0))).divergence
    assert found is not None
    assert (found.reason, found.position) == ("end", 3)


@pytest.mark.parametrize("lists_end", [True, False])
def test_an_endpoint_that_ends_too_soon(golden: Golden, serve: Serve, lists_end: bool) -> None:
    found = compare(golden, serve(ends=[golden.answers[0].ids[1]], lists_end=lists_end)).divergence

    assert found is not None
    assert (found.reason, found.prompt) == ("end", 1)
    assert "the endpoint's answer ended, the evaluation went on with" in found.message


def test_of_a_template_that_writes_the_date_only_the_length_of_the_prompt_is_compared(
    golden: Golden, serve: Serve, tiny_model_folder: Path
) -> None:
    dated = dataclasses.replace(golden, dated=True)
    other = load_tokenizer(tiny_model_folder)
    other.chat_template = other.chat_template.replace("tiny model", "tiny model.")  # another day
    endpoint = serve(spelling=other)

    assert compare(dated, endpoint).agrees
    assert {asked[2] for asked in endpoint.asked if asked[0] == "chat"} == {1}
    assert not compare(golden, endpoint).agrees
