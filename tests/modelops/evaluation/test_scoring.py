"""Scores are what plain PyTorch computes for each row alone."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, kl_div
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from modelops.conversations import IGNORED, Examples, tokenize_rows
from modelops.errors import InvalidInput, NonFinite
from modelops.evaluation import require_same_tokens, score_rows


@pytest.fixture
def held_out(chats: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase) -> Examples:
    return tokenize_rows(chats, tokenizer, max_length=256)


@pytest.fixture
def reference(model: PreTrainedModel) -> PreTrainedModel:
    """The model with a little noise, as quantization would add it."""
    other = copy.deepcopy(model)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return other


def _alone(model: PreTrainedModel, example: dict[str, list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits where an answer token is predicted, and these tokens, of one row without any packing."""
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([example["input_ids"]])).logits[0, :-1]
    targets = torch.tensor(example["labels"][1:])
    return logits[targets != IGNORED], targets[targets != IGNORED]


@pytest.mark.parametrize("tokens_per_batch", [1, 150, 10_000])
def test_each_row_has_the_sums_that_it_has_alone(
    model: PreTrainedModel, reference: PreTrainedModel, held_out: Examples, tokens_per_batch: int
) -> None:
    scores = score_rows(model, held_out, reference=reference, tokens_per_batch=tokens_per_batch)
    assert scores.reference_nll is not None
    assert scores.kl is not None
    assert scores.agreements is not None
    for place, example in enumerate(held_out.dataset):
        logits, targets = _alone(model, example)
        beside, _ = _alone(reference, example)
        assert scores.tokens[place] == len(targets)
        assert scores.nll[place] == pytest.approx(cross_entropy(logits, targets, reduction="sum").item(), rel=1e-5)
        expected = cross_entropy(beside, targets, reduction="sum").item()
        assert scores.reference_nll[place] == pytest.approx(expected, rel=1e-5)
        divergence = kl_div(logits.log_softmax(-1), beside.log_softmax(-1), reduction="sum", log_target=True).item()
        assert divergence > 0.01
        assert scores.kl[place] == pytest.approx(divergence, rel=1e-3)
        assert scores.agreements[place] == (logits.argmax(-1) == beside.argmax(-1)).sum()
    assert 0 < scores.agreements.sum() < scores.tokens.sum()


def test_a_model_does_not_differ_from_itself(model: PreTrainedModel, held_out: Examples) -> None:
    scores = score_rows(model, held_out, reference=model)
    assert scores.kl is not None
    assert np.array_equal(scores.nll, scores.reference_nll)
    assert not scores.kl.any()
    assert np.array_equal(scores.agreements, scores.tokens)


def test_without_a_reference_nothing_is_compared_and_the_bytes_are_those_of_the_answers(
    model: PreTrainedModel, held_out: Examples, chats: list[dict[str, Any]]
) -> None:
    seen: list[tuple[int, int]] = []
    scores = score_rows(model, held_out, on_progress=lambda done, total: seen.append((done, total)), tokens_per_batch=1)
    assert scores.kl is scores.agreements is scores.reference_nll is None
    assert scores.answer_bytes.tolist() == [len(row["messages"][1]["content"].encode()) for row in chats]
    assert seen == [(done, 4) for done in range(5)]


def test_a_token_that_the_reference_excludes_makes_no_nan(model: PreTrainedModel, held_out: Examples) -> None:
    class Excluding(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config, self.device = model.config, model.device

        def forward(self, **inputs: Any) -> Any:
            output = model(**inputs)
            output.logits = output.logits.index_fill(-1, torch.tensor([300]), -math.inf)
            return output

    excluding: Any = Excluding()
    scores = score_rows(model, held_out, reference=excluding)
    assert scores.kl is not None
    assert np.isfinite(scores.kl).all()
    # All of the excluded token's probability p is missing: -log(1 - p) for each answer token.
    example = held_out.dataset[0]
    missing = _alone(model, example)[0].softmax(-1)[:, 300]
    assert scores.kl[0] == pytest.approx(-torch.log1p(-missing).sum().item(), rel=1e-2)


def test_a_loss_that_is_no_number_names_the_row(model: PreTrainedModel, chats: list[dict[str, Any]]) -> None:
    tokenizer = _tokenizer_of(model)
    letter = tokenizer("é", add_special_tokens=False)["input_ids"][0]
    with torch.no_grad():
        embedding = model.get_input_embeddings().weight
        rows = [*chats, {"messages": [{"role": "user", "content": "é"}, chats[0]["messages"][1]]}]
        # The embedding is the head, too; as a bare number in the row of a token that only the last row has.
        model.lm_head.weight = torch.nn.Parameter(embedding.clone())
        embedding[letter] = math.nan
    with pytest.raises(NonFinite, match="answer of row 5") as failure:
        score_rows(model, tokenize_rows(rows, tokenizer, 256), tokens_per_batch=1)
    assert failure.value.details == {"row": 5, "measured": "nll"}


def _tokenizer_of(model: PreTrainedModel) -> PreTrainedTokenizerBase:
    from modelops.models import load_tokenizer

    return load_tokenizer(model.config.name_or_path)


def test_other_tokens_cannot_be_compared(
    model: PreTrainedModel, held_out: Examples, tokenizer: PreTrainedTokenizerBase
) -> None:
    wider = copy.deepcopy(model)
    wider.resize_token_embeddings(321)
    with pytest.raises(InvalidInput, match="among 320 tokens, the reference among 321") as refused:
        score_rows(model, held_out, reference=wider)
    assert refused.value.code == "vocabulary_differs"

    tokens = tokenizer.get_vocab()
    swapped: Any = _Vocabulary({**tokens, "a": tokens["b"], "b": tokens["a"]})
    with pytest.raises(InvalidInput, match="is 'a' to the model and 'b' to the reference; 2 tokens differ"):
        score_rows(model, held_out, reference=model, reference_tokenizer=swapped)


def test_a_padded_vocabulary_has_the_same_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    padded: Any = _Vocabulary({**tokenizer.get_vocab(), "<unused0>": 300})
    require_same_tokens(tokenizer, padded)
    require_same_tokens(padded, tokenizer)


class _Vocabulary:
    def __init__(self, tokens: dict[str, int]) -> None:
        self._tokens = tokens

    def get_vocab(self) -> dict[str, int]:
        return self._tokens
