"""Headers of safetensors files: sound ones are read, each defect is refused with its own code."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops.models.safetensors_files import MAX_HEADER, read_header

Write = Callable[..., Path]


def entry(begin: int, end: int, shape: list[int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def refused(path: Path) -> str:
    with pytest.raises(InvalidInput) as refusal:
        read_header(path)
    return refusal.value.code


def test_tensors_are_read_in_their_order_in_the_file(tiny_model_folder: Path) -> None:
    from safetensors import safe_open

    path = tiny_model_folder / "model.safetensors"
    tensors = read_header(path)
    with safe_open(path, "np") as reference:
        assert {t.name: list(t.shape) for t in tensors} == {
            name: reference.get_slice(name).get_shape()
            for name in reference.keys()  # noqa: SIM118  # no mapping
        }
    assert tensors == sorted(tensors, key=lambda tensor: tensor.start)
    assert tensors[-1].end == path.stat().st_size


def test_a_scalar_and_an_empty_tensor_are_sound(safetensors: Write) -> None:
    path = safetensors({"one": entry(0, 4, []), "none": entry(4, 4, [0, 7])}, bytes(4))
    assert {tensor.name: tensor.elements for tensor in read_header(path)} == {"one": 1, "none": 0}


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_renamed_to_safetensors_is_refused(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps({"weight": [0.0] * 100}, protocol))
    assert refused(path) == "pickle"


def test_a_torch_archive_renamed_to_safetensors_is_refused(tmp_path: Path) -> None:
    import torch

    path = tmp_path / "model.safetensors"
    torch.save({"weight": torch.zeros(3)}, path)
    assert refused(path) == "pickle"


@pytest.mark.parametrize("length", [0x0280, 0x010280, 0x0480, 0x950480])
def test_a_header_whose_length_begins_like_a_pickle_is_no_pickle(safetensors: Write, length: int) -> None:
    header = b'{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.ljust(length)
    assert struct.pack("<Q", length)[:1] == b"\x80"
    assert [tensor.name for tensor in read_header(safetensors(header, b"x"))] == ["w"]


@pytest.mark.parametrize("length", [MAX_HEADER + 1, 1 << 62, (1 << 64) - 1])
def test_an_absurd_header_length_is_refused(safetensors: Write, length: int) -> None:
    assert refused(safetensors({}, length=length)) == "safetensors_header_too_large"


def test_a_file_without_room_for_its_header_is_refused(safetensors: Write, tmp_path: Path) -> None:
    assert refused(safetensors({}, length=5000)) == "safetensors_truncated"
    (tmp_path / "short.safetensors").write_bytes(b"\x08\0\0")
    assert refused(tmp_path / "short.safetensors") == "safetensors_truncated"


def test_a_file_cut_off_within_its_tensors_is_refused(model: Path) -> None:
    path = model / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert refused(path) == "safetensors_out_of_bounds"


def test_tensors_that_overlap_are_refused(safetensors: Write) -> None:
    assert refused(safetensors({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, bytes(12))) == "safetensors_overlap"


@pytest.mark.parametrize(
    ("header", "size"),
    [({"a": entry(4, 8, [1])}, 8), ({"a": entry(0, 4, [1])}, 9), ({"a": entry(0, 4, [1]), "b": entry(8, 12, [1])}, 12)],
)
def test_bytes_that_belong_to_no_tensor_are_refused(safetensors: Write, header: dict[str, Any], size: int) -> None:
    assert refused(safetensors(header, bytes(size))) == "safetensors_gap"


@pytest.mark.parametrize(
    "header",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": 1}',
        b'{"a": {"dtype": "F32", "shape": [1]}}',
        b'{"a": {"dtype": "F31", "shape": [1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [true], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [9999999999999999999999], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "a": {}}',
    ],
)
def test_a_malformed_header_is_refused(safetensors: Write, header: bytes) -> None:
    assert refused(safetensors(header, bytes(4))) == "safetensors_header_invalid"


def test_offsets_that_run_backwards_are_refused(safetensors: Write) -> None:
    assert refused(safetensors({"a": entry(8, 4, [1])}, bytes(8))) == "safetensors_out_of_bounds"
