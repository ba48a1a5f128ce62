"""The paths of one artifact are safe, and no two of them are one file anywhere."""

from __future__ import annotations

import pytest

from modelops.errors import InvalidInput
from modelops.registry.members import check_members


@pytest.mark.parametrize(
    "paths",
    [
        ("a", "A"),
        ("a", "a"),
        ("folder/x", "Folder/y"),
        ("weights", "weights/part-1"),
        ("deep/weights/part-1", "deep/weights"),
        ("\u00e9.txt", "e\u0301.txt"),
        ("stra\u00dfe", "STRASSE"),
        ("\ufb01le", "file"),
    ],
)
def test_names_that_are_one_somewhere_collide(paths: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_members(paths)
    assert caught.value.code == "name_collision"


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a//b", "a/./b", "C:/x", "a\\b", "nul", ".git/config", "a\0b", "x\u202ey", ""]
)
def test_a_path_that_could_lead_out_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_members(["fine", path])
    assert caught.value.code == "invalid_path"


def test_ordinary_files_in_ordinary_folders_pass() -> None:
    check_members(
        ["README.md", "data/train.jsonl", "data/test.jsonl", "data/more/x", "model-00001-of-00002.safetensors"]
    )
