"""Training and evaluation hold out the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.datasets import held_out_rows, read_split
from modelops.datasets.canonical import CanonicalWriter, encode_row
from modelops.errors import NotFound


def _dataset(folder: Path, **splits: int) -> Path:
    with CanonicalWriter(folder) as writer:
        for split, rows in splits.items():
            for number in range(rows):
                writer.write(split, encode_row({"text": f"{split} {number}"}))
    return folder


def test_the_first_rows_of_the_test_split(tmp_path: Path) -> None:
    held_out = held_out_rows(_dataset(tmp_path, train=30, validation=5, test=8), 3)
    assert [row["text"] for row in held_out.rows] == ["test 0", "test 1", "test 2"]
    assert (held_out.split, held_out.first) == ("test", 0)


def test_without_one_those_of_the_validation_split_all_if_there_are_fewer(tmp_path: Path) -> None:
    held_out = held_out_rows(_dataset(tmp_path, train=30, validation=5), 64)
    assert (held_out.split, len(held_out.rows)) == ("validation", 5)


@pytest.mark.parametrize(("rows", "count", "first"), [(30, 64, 27), (30, 2, 28), (5, 64, 4)])
def test_without_either_the_last_of_the_train_split_and_a_tenth_at_most(
    tmp_path: Path, rows: int, count: int, first: int
) -> None:
    folder = _dataset(tmp_path, train=rows)
    held_out = held_out_rows(folder, count)
    assert (held_out.split, held_out.first) == ("train", first)
    assert held_out.rows == read_split(folder, "train")[first:]


def test_a_dataset_of_test_rows_only_can_be_evaluated_on_and_one_of_none_cannot(tmp_path: Path) -> None:
    assert len(held_out_rows(_dataset(tmp_path / "tested", test=4), 3).rows) == 3
    with pytest.raises(NotFound):
        held_out_rows(tmp_path / "empty", 3)
