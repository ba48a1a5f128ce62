"""Answers are compared as SQuAD compares them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from modelops.evaluation import Answer, answer_measures, answer_rows, exact_match, token_f1


@pytest.mark.parametrize(
    ("given", "expected", "match", "f1"),
    [
        ("The Eiffel Tower.", "eiffel tower", 1, 1),
        ("in the Eiffel  Tower", "Eiffel Tower", 0, 0.8),  # precision 2/3, recall 1
        ("a cat and a cat", "cat", 0, 0.5),  # cat counts once: precision 1/3, recall 1
        ("Paris", "London", 0, 0),
        ("", "London", 0, 0),
        ("The.", "", 1, 1),
        ("well-known", "wellknown", 1, 1),
    ],
)
def test_exact_match_and_f1(given: str, expected: str, match: float, f1: float) -> None:
    assert exact_match(given, expected) == match
    assert token_f1(given, expected) == pytest.approx(f1)


def test_measures_are_means_over_rows() -> None:
    answers = [Answer(place, "?", "yes", given, exact_match(given, "yes"), token_f1(given, "yes"))
               for place, given in enumerate(["yes", "no", "yes sir", "Yes!"])]  # fmt: skip
    found = answer_measures(answers)
    assert found["exact_match"].value == 0.5
    assert found["f1"].value == pytest.approx((1 + 0 + 2 / 3 + 1) / 4)
    assert found["exact_match"].n == 4
    assert answer_measures(answers[:1]) == {}


def test_answers_are_the_likeliest_tokens_up_to_the_end_of_the_turn(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, chats: list[dict[str, Any]]
) -> None:
    unanswered = {"messages": chats[0]["messages"][:1]}
    rows = [(7, chats[0]), (8, {"text": "Once"}), (9, unanswered)]
    seen: list[tuple[int, int]] = []
    [answer] = answer_rows(
        model, tokenizer, rows, max_new_tokens=5, on_progress=lambda done, total: seen.append((done, total))
    )
    assert (answer.source, answer.question, answer.expected) == (7, "Hi", "Hello.")
    assert seen == [(0, 1), (1, 1)]

    ids = tokenizer.apply_chat_template(unanswered["messages"], add_generation_prompt=True)["input_ids"]
    for _ in range(5):
        with torch.inference_mode():
            ids = [*ids, int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())]
    assert answer.given == tokenizer.decode(ids[-5:], skip_special_tokens=True)


def test_an_answer_ends_where_the_tokenizer_says_even_if_the_model_file_does_not(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, chats: list[dict[str, Any]]
) -> None:
    model.generation_config.eos_token_id = 1  # as a converted file may have it
    with torch.no_grad():
        # Whatever was said, the end of the turn is the likeliest: its row is along every hidden state's own direction.
        model.lm_head = torch.nn.Linear(64, 320)
        model.lm_head.weight.zero_()
        model.lm_head.bias.zero_()
        model.lm_head.bias[2] = 1.0
    [answer] = answer_rows(model, tokenizer, [(0, chats[0])], max_new_tokens=50)
    assert answer.given == ""
