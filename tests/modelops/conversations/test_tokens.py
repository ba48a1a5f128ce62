"""Conversations become tokens, with labels only where the assistant speaks."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from modelops.conversations import IGNORED, tokenize_conversation, tokenize_rows
from modelops.errors import InvalidInput

TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": "And you?"},
    {"role": "assistant", "content": "Fine: <b>naïve</b> 🙂"},
]


def _learned(example: dict[str, list[int]], tokenizer: PreTrainedTokenizerBase) -> str:
    return str(tokenizer.decode([label for label in example["labels"] if label != IGNORED]))


def test_every_answer_of_a_conversation_is_learned_up_to_its_end_of_turn(tokenizer: PreTrainedTokenizerBase) -> None:
    example = tokenize_conversation(TURNS, tokenizer)
    assert _learned(example, tokenizer) == "Hello.<|im_end|>Fine: <b>naïve</b> 🙂<|im_end|>"


def test_the_tokens_are_those_of_the_chat_template(tokenizer: PreTrainedTokenizerBase) -> None:
    example = tokenize_conversation(TURNS, tokenizer)
    assert example["input_ids"] == tokenizer.apply_chat_template(TURNS, return_dict=False)
    assert all(label in (IGNORED, token) for token, label in zip(*example.values(), strict=True))


def test_an_answer_that_repeats_the_question_is_told_apart_from_it(tokenizer: PreTrainedTokenizerBase) -> None:
    echo = [{"role": "user", "content": "ping"}, {"role": "assistant", "content": "ping"}]
    example = tokenize_conversation(echo, tokenizer)
    assert _learned(example, tokenizer) == "ping<|im_end|>"
    assert example["labels"][-2] == tokenizer.eos_token_id  # the last one is the template's line break


def test_a_template_that_marks_its_answers_is_taken_at_its_word(tokenizer: PreTrainedTokenizerBase) -> None:
    marking = copy.deepcopy(tokenizer)
    marking.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% if message['role'] == 'assistant' %}"
        "{% generation %}{{ message['content'] }}<|im_end|>{% endgeneration %}{% else %}"
        "{{ message['content'] }}<|im_end|>{% endif %}{% endfor %}"
    )
    assert _learned(tokenize_conversation(TURNS, marking), marking) == _learned(
        tokenize_conversation(TURNS, tokenizer), tokenizer
    )


def test_a_generation_prompt_that_says_more_than_a_turn_is_not_learned(tokenizer: PreTrainedTokenizerBase) -> None:
    thinking = copy.deepcopy(tokenizer)
    thinking.chat_template = str(tokenizer.chat_template).replace(
        "'<|im_start|>assistant\n' }}", "'<|im_start|>assistant\n<think></think>' }}"
    )
    assert thinking.chat_template != tokenizer.chat_template
    assert _learned(tokenize_conversation(TURNS[:3], thinking), thinking) == "Hello.<|im_end|>"


def test_a_template_that_rewrites_earlier_turns_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    forgetting = copy.deepcopy(tokenizer)
    forgetting.chat_template = "{{ messages[-1]['role'] + ': ' + messages[-1]['content'] }}"
    with pytest.raises(InvalidInput) as refused:
        tokenize_conversation(TURNS, forgetting)
    assert refused.value.code == "chat_template_rewrites_history"


def test_a_tokenizer_without_a_chat_template_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    plain = copy.deepcopy(tokenizer)
    plain.chat_template = None
    with pytest.raises(InvalidInput) as refused:
        tokenize_conversation(TURNS, plain)
    assert refused.value.code == "chat_template_missing"


def test_a_conversation_that_begins_with_an_answer_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(InvalidInput) as refused:
        tokenize_conversation(TURNS[2:], tokenizer)
    assert refused.value.code == "answer_without_question"


def test_plain_text_is_learned_as_a_whole(tokenizer: PreTrainedTokenizerBase) -> None:
    [example] = tokenize_rows([{"text": "Once upon a time"}], tokenizer, max_length=64).dataset
    assert _learned(example, tokenizer) == "Once upon a time"


def test_long_rows_are_cut_and_rows_without_an_answer_left_are_dropped(
    chats: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase
) -> None:
    shortest = min(len(tokenize_conversation(row["messages"], tokenizer)["input_ids"]) for row in chats)
    examples = tokenize_rows(chats, tokenizer, max_length=shortest)
    assert max(map(len, examples.dataset["input_ids"])) == shortest
    assert examples.truncated == len(chats) - 1
    assert examples.dropped == len(chats) - len(examples.dataset) > 0


def test_rows_with_nothing_to_learn_are_an_error_that_says_so(
    chats: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase
) -> None:
    with pytest.raises(InvalidInput) as refused:
        tokenize_rows(chats, tokenizer, max_length=8)
    assert refused.value.as_json() | {"detail": "", "hint": ""} == {
        "code": "nothing_to_learn",
        "detail": "",
        "hint": "",
        "rows": 4,
        "max_length": 8,
    }


def test_examples_know_their_rows_and_the_bytes_of_their_answers(tokenizer: PreTrainedTokenizerBase) -> None:
    rows = [
        {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}
        for question, answer in [("x" * 300, "lost"), ("Hi", "Grüße"), ("Hi", "12345678901234567890")]
    ]
    whole = tokenize_rows(rows[1:], tokenizer, max_length=512)
    assert (whole.sources, whole.answer_bytes()) == ((0, 1), [7, 20])

    length = len(whole.dataset[1]["input_ids"]) - 6
    cut = tokenize_rows(rows, tokenizer, length)
    # The end of the turn, the line break after it, and four of the answer's characters are gone.
    assert (cut.sources, cut.answer_bytes()) == ((1, 2), [7, 16])
