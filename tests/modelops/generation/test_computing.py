"""Answers computed in batches are those that are computed alone."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from tiny_answers import QUESTIONS

from modelops.errors import InvalidInput, NonFinite
from modelops.generation import Answer, Journal, Prompt, Refusal, Settings, answer_here
from modelops.models import Loaded, chat_prompt, load_for_inference

GREEDY = Settings(max_tokens=60, temperature=0.0, top_p=1.0, seed=0)


def _answered(
    taught: Loaded, prompts: list[Prompt], folder: Path, settings: Settings = GREEDY, batch_size: int = 3
) -> Journal:
    journal = Journal(folder)
    answer_here(taught, prompts, settings, journal, batch_size=batch_size, on_progress=lambda done, total: None)
    return journal


def test_every_prompt_is_answered_or_refused_with_the_reason(
    taught: Loaded, prompts: list[Prompt], tmp_path: Path
) -> None:
    journal = _answered(taught, prompts, tmp_path / "run")

    answers = [outcome for key, outcome in sorted(journal.outcomes.items()) if isinstance(outcome, Answer)]
    assert [answer.text for answer in answers] == list(QUESTIONS.values())
    for prompt, answer in zip(prompts, answers, strict=False):
        assert answer.finish_reason == "stop"
        assert answer.tokens == len(answer.text.encode()) + 1
        assert answer.prompt_tokens == len(chat_prompt(taught.tokenizer, prompt.messages))
    refused = journal.outcomes[8, 0]
    assert isinstance(refused, Refusal)
    assert refused.code == "context_length_exceeded"
    assert journal.tokens_written == sum(answer.tokens or 0 for answer in answers)


def test_an_answer_that_reaches_the_limit_is_cut_off_there(
    taught: Loaded, prompts: list[Prompt], tmp_path: Path
) -> None:
    short = Settings(max_tokens=4, temperature=0.0, top_p=1.0, seed=0)
    outcome = _answered(taught, prompts[:1], tmp_path / "run", short).outcomes[0, 0]

    assert isinstance(outcome, Answer)
    assert (outcome.text, outcome.finish_reason, outcome.tokens) == ("Hell", "length", 4)


def test_what_is_drawn_by_chance_does_not_depend_on_where_a_run_was_cut_off(
    taught: Loaded, prompts: list[Prompt], tmp_path: Path
) -> None:
    chance = Settings(max_tokens=20, temperature=2.0, top_p=0.99, seed=3)
    whole = _answered(taught, prompts, tmp_path / "whole", chance)
    lines = (tmp_path / "whole" / "answers.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "answers.jsonl").write_bytes(b"".join(lines[:5]))

    assert _answered(taught, prompts, tmp_path / "cut", chance).outcomes == whole.outcomes
    other = Settings(max_tokens=20, temperature=2.0, top_p=0.99, seed=4)
    assert _answered(taught, prompts, tmp_path / "other", other).outcomes != whole.outcomes


def test_scores_that_are_no_numbers_end_it(learned_model: Path, prompts: list[Prompt], tmp_path: Path) -> None:
    broken = load_for_inference(learned_model)
    with torch.no_grad():
        broken.model.get_input_embeddings().weight[5, 0] = math.nan  # type: ignore[operator, index]

    with pytest.raises(NonFinite):
        _answered(broken, prompts, tmp_path / "run")


def test_a_tokenizer_without_a_chat_template_cannot_be_asked(
    learned_model: Path, prompts: list[Prompt], tmp_path: Path
) -> None:
    loaded = load_for_inference(learned_model)
    loaded.tokenizer.chat_template = None

    with pytest.raises(InvalidInput, match="no chat template"):
        _answered(loaded, prompts, tmp_path / "run")


def test_a_conversation_that_the_template_refuses_is_left_out(
    learned_model: Path, prompts: list[Prompt], tmp_path: Path
) -> None:
    loaded = load_for_inference(learned_model)
    loaded.tokenizer.chat_template = "{{ raise_exception('no system message') }}"

    [outcome] = _answered(loaded, prompts[:1], tmp_path / "run").outcomes.values()

    assert isinstance(outcome, Refusal)
    assert (outcome.code, "no system message" in outcome.message) == ("chat_template_refuses", True)
