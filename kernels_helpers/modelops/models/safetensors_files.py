"""Reads the headers of safetensors files without loading weights, and refuses files that are not what they say.

The safetensors library checks the same layout in Rust, but reports every defect as one exception with a changing text;
here each defect has its own stable code. Format: https://huggingface.co/docs/safetensors/index#format
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput
from modelops.models.pickles import refuse_pickle

MAX_HEADER = 100_000_000
"""Bytes; the limit of the reference implementation."""

DTYPE_BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "C64": 64, "I64": 64, "I32": 32, "I16": 16, "I8": 8,
    "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
}  # fmt: skip


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of a file: its safetensors ``dtype``, ``shape``, and the bytes ``start`` to ``end`` of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


def read_header(path: Path) -> list[StoredTensor]:
    """The tensors of a safetensors file, ordered by their place in it.

    Raises ``InvalidInput`` with a code of its own for each defect: a pickle, a header that is too large, cut off or
    malformed, tensors that overlap, leave gaps or lie outside of the file.
    """
    refuse_pickle(path)
    size = path.stat().st_size
    with path.open("rb") as stream:
        if size < 8:
            raise _defect(path, "safetensors_truncated", f"it has only {size} bytes")
        (length,) = struct.unpack("<Q", stream.read(8))
        if length > MAX_HEADER:
            raise _defect(path, "safetensors_header_too_large", f"it announces a header of {length} bytes")
        if 8 + length > size:
            raise _defect(path, "safetensors_truncated", f"its header of {length} bytes is cut off after {size - 8}")
        tensors = _parse(path, stream.read(length), 8 + length, size)
    _check_layout(path, tensors, 8 + length, size)
    return tensors


def _parse(path: Path, header: bytes, data: int, size: int) -> list[StoredTensor]:
    try:
        entries = json.loads(header, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise _defect(path, "safetensors_header_invalid", f"its header is not valid JSON ({error})") from error
    if not isinstance(entries, dict):
        raise _defect(path, "safetensors_header_invalid", "its header is not a JSON object")
    entries.pop("__metadata__", None)
    return sorted(
        (_tensor(path, name, entry, data, size) for name, entry in entries.items()),
        key=lambda tensor: (tensor.start, tensor.end),
    )


def _tensor(path: Path, name: str, entry: Any, data: int, size: int) -> StoredTensor:
    match entry:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [int(begin), int(end)]} if dtype in DTYPE_BITS:
            pass
        case _:
            raise _defect(path, "safetensors_header_invalid", f"its entry for tensor {name[:100]!r} is malformed")
    if not all(type(extent) is int and 0 <= extent < 1 << 48 for extent in shape) or len(shape) > 32:
        raise _defect(path, "safetensors_header_invalid", f"tensor {name[:100]!r} has an impossible shape")
    if not 0 <= begin <= end or data + end > size:
        raise _defect(
            path, "safetensors_out_of_bounds", f"tensor {name[:100]!r} ends {data + end - size} bytes behind it"
        )
    if math.prod(shape) * DTYPE_BITS[dtype] != (end - begin) * 8:
        raise _defect(
            path, "safetensors_header_invalid", f"tensor {name[:100]!r} has {end - begin} bytes for {shape} {dtype}"
        )
    return StoredTensor(name, dtype, tuple(shape), data + begin, data + end)


def _check_layout(path: Path, tensors: list[StoredTensor], data: int, size: int) -> None:
    position = data
    for tensor in tensors:
        if tensor.start < position:
            raise _defect(path, "safetensors_overlap", f"tensor {tensor.name[:100]!r} overlaps the one before it")
        if tensor.start > position:
            raise _defect(
                path,
                "safetensors_gap",
                f"{tensor.start - position} bytes before {tensor.name[:100]!r} belong to no tensor",
            )
        position = tensor.end
    if position != size:
        raise _defect(path, "safetensors_gap", f"{size - position} bytes at its end belong to no tensor")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name occurs twice")
    return result


def _defect(path: Path, code: str, reason: str) -> InvalidInput:
    return InvalidInput(
        code,
        f"{path.name} is not a sound safetensors file: {reason}.",
        "Fetch or save the file again; a whole copy of it is needed.",
        file=path.name,
    )
