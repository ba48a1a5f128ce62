"""Where rows come from: files of every kind, folders with splits, and what is refused as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict
from pyarrow import parquet

from modelops.datasets import inspect_source
from modelops.datasets.sources import find_sources
from modelops.errors import InvalidInput, NotFound

PAIRS = [{"prompt": f"Question {number}?", "completion": f"Answer {number}."} for number in range(600)]


def rows(path: Path) -> list[tuple[str, str]]:
    """(split, question) of every row of a source."""
    seen = inspect_source(path, preview=10_000)
    return [(split, row["messages"][0]["content"]) for split, row in seen.preview]


def as_json_lines(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in PAIRS))


def as_json(path: Path) -> None:
    path.write_text(json.dumps(PAIRS, indent=2))


def as_csv(path: Path) -> None:
    path.write_text("prompt,completion\n" + "".join(f"{row['prompt']},{row['completion']}\n" for row in PAIRS))


def as_tsv(path: Path) -> None:
    path.write_text("prompt\tcompletion\n" + "".join(f"{row['prompt']}\t{row['completion']}\n" for row in PAIRS))


def as_parquet(path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist(PAIRS), path)


def as_saved_folder(path: Path) -> None:
    Dataset.from_list(PAIRS).save_to_disk(path, num_shards=2)


@pytest.mark.parametrize(
    ("name", "save"),
    [
        ("rows.jsonl", as_json_lines),
        ("rows.json", as_json_lines),
        ("rows.json", as_json),
        ("rows.csv", as_csv),
        ("rows.tsv", as_tsv),
        ("rows.parquet", as_parquet),
        ("saved", as_saved_folder),
    ],
)
def test_every_kind_of_file_gives_the_same_rows_in_order(tmp_path: Path, name: str, save: Any) -> None:
    save(tmp_path / name)

    assert rows(tmp_path / name) == [("train", row["prompt"]) for row in PAIRS]


def test_a_saved_dataset_dict_keeps_its_splits(tmp_path: Path) -> None:
    splits = DatasetDict(train_sft=Dataset.from_list(PAIRS[:3]), test_sft=Dataset.from_list(PAIRS[3:5]))
    splits.save_to_disk(tmp_path / "saved")

    assert [split for split, _ in rows(tmp_path / "saved")] == ["train"] * 3 + ["test"] * 2


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["train.jsonl", "test.jsonl"], ["train", "test"]),
        (["data/train-00000-of-00002.jsonl", "data/train-00001-of-00002.jsonl"], ["train", "train"]),
        (["train.jsonl", "validation.jsonl"], ["train", "test"]),
        (["train.jsonl", "dev.jsonl", "test.jsonl"], ["train", "validation", "test"]),
        (["january.jsonl", "february.jsonl"], ["train", "train"]),
    ],
)
def test_a_folder_tells_splits_by_the_names_of_its_files(write: Any, names: list[str], splits: list[str]) -> None:
    for name in names:
        path = write(f"folder/{name}", PAIRS[:1])
    folder = next(parent for parent in path.parents if parent.name == "folder")

    assert [source.split for source in find_sources(folder)] == splits


def test_text_that_parquet_cannot_decode_is_named_by_its_row(tmp_path: Path) -> None:
    column = pa.array([b"good", b"caf\xe9", b"good"]).view(pa.utf8())
    parquet.write_table(pa.table({"text": column}), tmp_path / "rows.parquet")

    conversion = inspect_source(tmp_path / "rows.parquet").conversion

    assert conversion is not None
    assert [(bad.line, bad.code) for bad in conversion.bad_rows] == [(2, "not_utf8")]


class TestRefusedAsAWhole:
    """What is wrong with a file, rather than with a row of it, has a code of its own."""

    @pytest.mark.parametrize(
        ("name", "content", "code"),
        [
            ("empty.jsonl", b"", "empty_file"),
            ("blank.jsonl", b"\n \n", "empty_file"),
            ("empty.json", b"[]", "empty_file"),
            ("empty.csv", b"prompt,completion\n", "empty_file"),
            ("rows.jsonl", b'{"chosen": "a", "rejected": "b"}\n', "unknown_format"),
            ("rows.csv", b"prompt;completion\na;b\n", "wrong_delimiter"),
            ("rows.csv", b"prompt,prompt\na,b\n", "broken_header"),
            ("rows.parquet", b"PAR1 and then nothing", "unreadable_file"),
            ("rows.xlsx", b"PK", "unsupported_file"),
            ("saved/state.json", b"{}", "unreadable_file"),
            ("saved/dataset_dict.json", b'{"splits": ["../../etc"]}', "unreadable_file"),
            ("saved/dataset_dict.json", b"[1]", "unreadable_file"),
        ],
    )
    def test_a_file_that_is_no_dataset(self, write: Any, name: str, content: bytes, code: str) -> None:
        path = write(name, content)

        with pytest.raises(InvalidInput) as refused:
            inspect_source(path.parent if path.parent.name == "saved" else path)

        assert refused.value.code == code
        assert refused.value.hint

    def test_formats_mixed_in_a_file_are_shown_with_both_positions(self, write: Any) -> None:
        path = write("rows.jsonl", [*PAIRS[:3], {"instruction": "Q", "output": "A"}])

        with pytest.raises(InvalidInput, match="line 1 is prompt-completion, line 4 is alpaca") as refused:
            inspect_source(path)

        assert refused.value.code == "mixed_formats"
        assert [position["line"] for position in refused.value.details["positions"]] == [1, 4]

    def test_a_given_format_makes_rows_of_another_one_bad_rows(self, write: Any) -> None:
        path = write("rows.jsonl", [*PAIRS[:3], {"instruction": "Q", "output": "A"}])

        conversion = inspect_source(path, "prompt-completion").conversion

        assert conversion is not None
        assert [(bad.line, bad.code) for bad in conversion.bad_rows] == [(4, "missing_field")]

    def test_chats_and_plain_text_are_not_mixed_across_files(self, write: Any) -> None:
        write("folder/train.jsonl", PAIRS[:1])
        path = write("folder/test.jsonl", [{"text": "Once upon a time."}])

        with pytest.raises(InvalidInput) as refused:
            inspect_source(path.parent)

        assert refused.value.code == "mixed_formats"

    def test_a_file_whose_split_nobody_can_tell(self, write: Any) -> None:
        write("folder/train.jsonl", PAIRS[:1])
        path = write("folder/more.jsonl", PAIRS[1:2])

        with pytest.raises(InvalidInput, match=r"more\.jsonl") as refused:
            find_sources(path.parent)

        assert refused.value.code == "unknown_split"

    def test_several_saved_splits_that_would_become_one(self, tmp_path: Path) -> None:
        splits = DatasetDict(train_sft=Dataset.from_list(PAIRS[:3]), train_gen=Dataset.from_list(PAIRS[3:5]))
        splits.save_to_disk(tmp_path / "saved")

        with pytest.raises(InvalidInput) as refused:
            find_sources(tmp_path / "saved")

        assert refused.value.code == "ambiguous_splits"

    def test_a_folder_with_held_out_rows_only(self, write: Any) -> None:
        with pytest.raises(InvalidInput) as refused:
            find_sources(write("folder/test.jsonl", PAIRS[:1]).parent)

        assert refused.value.code == "no_train_split"

    def test_a_path_that_does_not_exist(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound):
            find_sources(tmp_path / "nothing.jsonl")
