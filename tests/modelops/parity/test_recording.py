"""Golden prompts are what the evaluation's own path answers, with the likelihoods of plain transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from modelops.errors import InvalidInput, NonFinite
from modelops.evaluation.answers import greedy_answer
from modelops.models import load_tokenizer
from modelops.models.token_bytes import TokenBytes
from modelops.parity import FILE, Golden, read_golden, record_golden, write_golden
from modelops.parity.prompts import CHATS, TEXTS


def test_each_answer_is_the_one_that_is_evaluated(
    golden: Golden, sure: Any, tokenizer: PreTrainedTokenizerBase
) -> None:
    for answer in golden.answers:
        messages = answer.prompt.messages
        assert messages
        expected = tokenizer.apply_chat_template(
            [dict(turn) for turn in messages], add_generation_prompt=True, return_dict=True
        )
        assert list(answer.prompt_ids) == expected["input_ids"]
        given = greedy_answer(sure, tokenizer, messages, 24)
        assert tokenizer.decode(answer.ids, skip_special_tokens=True) == given
        with torch.inference_mode():
            ids = torch.tensor([[*answer.prompt_ids, *answer.ids]])
            logprobs = sure(input_ids=ids).logits[0, len(answer.prompt_ids) - 1 : -1].log_softmax(-1)
        for place, step in enumerate(answer.steps):
            best = logprobs[place].topk(5)
            assert [likely.id for likely in step] == best.indices.tolist()
            assert [likely.logprob for likely in step] == pytest.approx(best.values.tolist(), abs=1e-3)
    assert golden.computed["dtype"] == "float32"
    assert golden.ends == (2,)


def test_the_built_in_prompts_come_first_then_four_rows_without_their_last_answers(
    sure: Any, tokenizer: PreTrainedTokenizerBase, chats: list[dict[str, Any]]
) -> None:
    long = {"messages": [{"role": "user", "content": "x" * 600}, {"role": "assistant", "content": "y"}]}
    seen: list[tuple[int, int]] = []
    golden = record_golden(
        sure, tokenizer, [long, *chats, chats[0]], on_progress=lambda done, total: seen.append((done, total))
    )

    kinds = [answer.prompt.kind for answer in golden.answers]
    assert kinds == [*(prompt.kind for prompt in CHATS), *["row"] * 4]
    asked = [answer.prompt.messages for answer in golden.answers[len(CHATS) :]]
    assert asked == [(row["messages"][0],) for row in chats]
    assert (seen[0], seen[-1]) == ((0, 8), (8, 8))


def test_an_answer_that_ends_has_the_end_token_last(
    golden: Golden, sure: Any, tokenizer: PreTrainedTokenizerBase
) -> None:
    assert not any(answer.ended for answer in golden.answers)
    first = golden.answers[0]
    sure.generation_config.eos_token_id = [2, first.ids[1]]

    ended = record_golden(sure, tokenizer).answers[0]

    assert ended.ended
    assert ended.ids == first.ids[:2]


def test_what_a_model_brings_along_against_repetition_does_not_count(
    golden: Golden, sure: Any, tokenizer: PreTrainedTokenizerBase
) -> None:
    sure.generation_config.repetition_penalty = 5.0
    again = record_golden(sure, tokenizer)
    assert [answer.ids for answer in again.answers] == [answer.ids for answer in golden.answers[: len(CHATS)]]


def test_of_equally_likely_tokens_the_one_that_was_written_comes_first(
    sure: Any, tokenizer: PreTrainedTokenizerBase
) -> None:
    with torch.no_grad():
        sure.lm_head.weight.zero_()
    for answer in record_golden(sure, tokenizer).answers:
        written = sure.generate(
            torch.tensor([answer.prompt_ids]), max_new_tokens=24, do_sample=False, eos_token_id=2, pad_token_id=2
        )
        assert answer.ids == written[0, len(answer.prompt_ids) :].tolist()


def test_a_model_that_knows_no_chats_continues_texts(
    sure: Any, tiny_model_folder: Path, chats: list[dict[str, Any]]
) -> None:
    plain = load_tokenizer(tiny_model_folder)
    plain.chat_template = None
    golden = record_golden(sure, plain, [*chats, {"text": "A row of text. " * 50}])

    assert [answer.prompt.text for answer in golden.answers[: len(TEXTS)]] == [prompt.text for prompt in TEXTS]
    [row] = golden.answers[len(TEXTS) :]
    assert row.prompt.text is not None
    assert ("A row of text. " * 50).startswith(f"{row.prompt.text} ")
    assert list(row.prompt_ids) == plain(row.prompt.text)["input_ids"]


def test_a_prompt_that_the_chat_template_refuses_is_left_out(sure: Any, tiny_model_folder: Path) -> None:
    strict = load_tokenizer(tiny_model_folder)
    strict.chat_template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('No system prompts.') }}{% endif %}"
        + strict.chat_template
    )
    kinds = [answer.prompt.kind for answer in record_golden(sure, strict).answers]
    assert kinds == ["question", "two turns", "short answer"]


def test_likelihoods_that_are_no_numbers_are_an_error(sure: Any, tokenizer: PreTrainedTokenizerBase) -> None:
    with torch.no_grad():
        sure.lm_head.weight[9] = float("nan")
    with pytest.raises(NonFinite):
        record_golden(sure, tokenizer)


def test_the_file_says_all_of_it(
    tmp_path: Path, golden: Golden, sure: Any, tokenizer: PreTrainedTokenizerBase, chats: list[dict[str, Any]]
) -> None:
    write_golden(tmp_path, sure, tokenizer, chats)
    back = read_golden(tmp_path / FILE)

    assert back.as_json() == golden.as_json()
    assert [answer.ids for answer in back.answers] == [answer.ids for answer in golden.answers]
    for ours, theirs in zip(golden.answers, back.answers, strict=True):
        assert [[likely.bytes for likely in step] for step in ours.steps] == [
            [likely.bytes for likely in step] for step in theirs.steps
        ]


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"format": 2}', '{"format": 1, "prompts": 5, "ends": [], "dated": false, "computed": {}}'],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(InvalidInput) as refused:
        read_golden(tmp_path / FILE)
    assert refused.value.code == "invalid_golden"


def test_an_answer_without_a_likelihood_is_refused(tmp_path: Path, golden: Golden) -> None:
    document = golden.as_json()
    document["prompts"][0]["tokens"][3] = []
    (tmp_path / FILE).write_text(json.dumps(document))
    with pytest.raises(InvalidInput, match="no likelihood"):
        read_golden(tmp_path / FILE)


def test_bytes_of_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    """Of a tokenizer that spells bytes as GPT-2 does, and of one that spells them as SentencePiece does."""
    spell = TokenBytes(tokenizer)
    text = "né ⊕\n\x07"
    assert b"".join(map(spell, tokenizer(text)["input_ids"])) == text.encode()
    assert spell(2) == b"<|im_end|>"
    assert spell(319) == b""  # the model knows more tokens than the tokenizer

    vocabulary = {"<unk>": 0, "▁the": 1, "<0xC3>": 2, "é": 3}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>", byte_fallback=True))
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback()])
    spell = TokenBytes(PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>"))
    assert [spell(token) for token in range(4)] == [b"<unk>", b" the", b"\xc3", "é".encode()]
