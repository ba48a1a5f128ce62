"""Calibration rows: spread over the training rows, never held out, and enough of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from modelops.conversations import tokenize_rows
from modelops.datasets import held_out_rows
from modelops.errors import InvalidInput
from modelops.models import load_model, load_tokenizer
from modelops.quantization import Layer, calibration_rows, check_calibration, following_layers


def dataset(folder: Path, **splits: int) -> Path:
    (folder / "data").mkdir()
    for split, count in splits.items():
        rows = ({"text": f"{split} {number}"} for number in range(count))
        (folder / "data" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_rows_are_spread_evenly_over_the_training_split(tmp_path: Path) -> None:
    rows = calibration_rows(dataset(tmp_path, train=10, test=3), 4, eval_rows=3)
    assert [row["text"] for row in rows] == ["train 0", "train 2", "train 5", "train 7"]


def test_fewer_rows_than_asked_for_are_refused_with_both_numbers(tmp_path: Path) -> None:
    folder = dataset(tmp_path, train=3, test=3)
    assert len(calibration_rows(folder, 3, eval_rows=3)) == 3
    with pytest.raises(InvalidInput, match="3 training rows to calibrate with; 100 are asked for") as refusal:
        calibration_rows(folder, 100, eval_rows=3)
    assert refusal.value.code == "calibration_too_few_rows"
    assert (refusal.value.details["rows"], refusal.value.details["asked"]) == (3, 100)


def test_rows_that_judge_are_never_taken_without_a_test_split_either(tmp_path: Path) -> None:
    folder = dataset(tmp_path, train=40)
    judged = [row["text"] for row in held_out_rows(folder, 4).rows]

    rows = calibration_rows(folder, 36, eval_rows=4)

    assert len(rows) == 36
    assert not {row["text"] for row in rows} & {*judged}


@pytest.mark.parametrize("splits", [{"test": 5}, {"train": 1}, {"train": 0, "test": 5}])
def test_a_dataset_with_nothing_left_to_calibrate_with_is_refused(tmp_path: Path, splits: dict[str, int]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        calibration_rows(dataset(tmp_path, **splits), 8, eval_rows=4)
    assert refusal.value.code == "calibration_empty"


def test_fewer_tokens_than_the_widest_layer_has_columns_are_refused_with_both_numbers(tiny_model_folder: Path) -> None:
    examples = tokenize_rows([{"text": "a" * 60}, {"text": "b" * 40}], load_tokenizer(tiny_model_folder), 512)

    assert check_calibration(examples, [Layer("up_proj", 8, 100)]) == 100
    with pytest.raises(InvalidInput, match=r"2 calibration rows have 100 tokens; 101 are needed.*down_proj") as refusal:
        check_calibration(examples, [Layer("up_proj", 8, 64), Layer("down_proj", 8, 101)])
    assert refusal.value.code == "calibration_too_short"
    assert (refusal.value.details["tokens"], refusal.value.details["needed"]) == (100, 101)


def test_each_layer_is_told_once_and_nothing_stays_behind(tiny_model_folder: Path) -> None:
    model = load_model(tiny_model_folder, "float32")
    told: list[tuple[int, int]] = []
    tokens = torch.tensor([[1, 5, 6]])

    with following_layers(model, lambda *done: told.append(done)):
        model(tokens)
        model(tokens)
    assert told == [(0, 2), (1, 2), (2, 2)]

    model(tokens)
    assert len(told) == 3


def test_an_interrupt_passes_through_and_nothing_stays_behind(tiny_model_folder: Path) -> None:
    model = load_model(tiny_model_folder, "float32")

    def interrupt(done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), following_layers(model, interrupt):
        model(torch.tensor([[1, 5, 6]]))
    model(torch.tensor([[1, 5, 6]]))
