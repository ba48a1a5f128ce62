"""Packing changes how fast a model learns, and nothing of what it computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import PreTrainedModel

from modelops.conversations import IGNORED, PackedCollator, pack
from modelops.training import token_losses


def _alone(model: PreTrainedModel, example: dict[str, list[int]]) -> Any:
    """What plain transformers computes for one example: full logits, its own shift of the labels."""
    return model(input_ids=torch.tensor([example["input_ids"]]), labels=torch.tensor([example["labels"]]))


def _answer_tokens(example: dict[str, list[int]]) -> int:
    return sum(label != IGNORED for label in example["labels"][1:])


def _packed(examples: Dataset) -> dict[str, Any]:
    rows = pack(examples, sum(map(len, examples["input_ids"])))
    assert len(rows) == 1
    return PackedCollator()(list(rows))


def _loss_and_gradient(model: PreTrainedModel, loss: torch.Tensor) -> tuple[float, torch.Tensor]:
    model.zero_grad()
    loss.backward()
    return loss.item(), torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def test_every_example_lies_whole_in_one_row_and_no_row_is_too_long(examples: Dataset) -> None:
    length = max(map(len, examples["input_ids"])) + 10
    rows = pack(examples, length)
    assert max(map(len, rows["input_ids"])) <= length
    pieces = []
    for row in rows:
        ends = np.cumsum(row["seq_lengths"])
        pieces += [tuple(row["input_ids"][start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    assert sorted(pieces) == sorted(tuple(ids) for ids in examples["input_ids"])


def test_short_examples_share_rows() -> None:
    lengths = [60, 50, 40, 30, 20]
    examples = Dataset.from_list([{"input_ids": [1] * n, "labels": [1] * n} for n in lengths])
    assert len(pack(examples, 100)) == 2


def test_an_example_that_is_longer_than_a_row_is_refused_rather_than_cut(examples: Dataset) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        pack(examples, max(map(len, examples["input_ids"])) - 1)


def test_a_packed_example_has_the_logits_it_has_alone(model: PreTrainedModel, examples: Dataset) -> None:
    batch = _packed(examples)
    starts = (batch["position_ids"][0] == 0).nonzero().flatten().tolist()
    with torch.inference_mode():
        logits = model(**{**batch, "logits_to_keep": 0, "labels": None}).logits[0]
    found = {}
    for start, end in zip(starts, [*starts[1:], logits.shape[0]], strict=True):
        found[tuple(batch["input_ids"][0, start:end].tolist())] = logits[start:end]
    assert len(found) == len(examples)
    for example in examples:
        with torch.inference_mode():
            alone = _alone(model, example).logits[0]
        torch.testing.assert_close(found[tuple(example["input_ids"])], alone, atol=1e-5, rtol=1e-5)


def test_an_example_does_not_change_when_its_neighbour_does(model: PreTrainedModel, examples: Dataset) -> None:
    first, second = examples[0], examples[1]
    other = {**second, "input_ids": [5] * len(second["input_ids"])}
    with torch.inference_mode():
        losses = [
            token_losses(model(**batch).logits, batch["labels"])[0, : _answer_tokens(first)]
            for neighbour in (second, other)
            for batch in [PackedCollator()([_row(first), _row(neighbour)])]
        ]
    torch.testing.assert_close(losses[0], losses[1])


def _row(example: dict[str, list[int]]) -> dict[str, Any]:
    return {**example, "seq_lengths": [len(example["input_ids"])]}


def test_loss_and_gradient_are_those_of_plain_transformers(model: PreTrainedModel, examples: Dataset) -> None:
    counts = [_answer_tokens(example) for example in examples]
    plain = sum(_alone(model, example).loss * count for example, count in zip(examples, counts, strict=True))
    expected_loss, expected_gradient = _loss_and_gradient(model, plain / sum(counts))

    loss, gradient = _loss_and_gradient(model, model(**_packed(examples)).loss)

    assert loss == pytest.approx(expected_loss, rel=1e-5)
    torch.testing.assert_close(gradient, expected_gradient, atol=1e-5, rtol=1e-4)


def test_logits_are_computed_for_answer_tokens_only(model: PreTrainedModel, examples: Dataset) -> None:
    batch = _packed(examples)
    assert model(**batch).logits.shape[1] == sum(map(_answer_tokens, examples)) < batch["input_ids"].shape[1]


def test_the_first_token_of_an_example_is_never_predicted_from_its_neighbour() -> None:
    rows = [{"input_ids": [7, 8], "labels": [7, 8], "seq_lengths": [2]} for _ in range(2)]
    batch = PackedCollator()(rows)
    assert batch["logits_to_keep"].tolist() == [0, 2]
    assert batch["labels"].tolist() == [[8, 8]]


def test_flash_attention_is_told_where_examples_begin(examples: Dataset) -> None:
    batch = PackedCollator(flash_attention=True)(list(pack(examples, 512)))
    ends = np.cumsum(sorted(map(len, examples["input_ids"]), reverse=True)).tolist()
    assert batch["cu_seq_lens_q"].tolist() == [0, *ends]
