"""Reads the header of a GGUF file within bounds, so that a broken or hostile file is refused before anything loads it.

The gguf package reads the same header, but slowly and trusting every count and offset in it.
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, Unavailable
from modelops.models.pickles import refuse_pickle

MAGIC = b"GGUF"
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MAX_NESTING = 2


@dataclass(frozen=True)
class GGUFTensor:
    """One tensor: ``type`` is ggml's name for how it is stored (``F32``, ``Q4_1`` …), ``shape`` innermost first."""

    name: str
    type: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class GGUFHeader:
    """What a GGUF file says about itself: its key/value fields and its tensors."""

    fields: dict[str, Any]
    tensors: tuple[GGUFTensor, ...]

    @property
    def architecture(self) -> str:
        return str(self.fields.get("general.architecture", ""))

    @property
    def parameter_count(self) -> int:
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def main_type(self) -> str:
        """The storage type of most parameters."""
        parameters: Counter[str] = Counter()
        for tensor in self.tensors:
            parameters[tensor.type] += tensor.elements
        return parameters.most_common(1)[0][0]

    @property
    def is_quantized(self) -> bool:
        return self.main_type not in {"F64", "F32", "F16", "BF16"}


def read_gguf_header(path: Path) -> GGUFHeader:
    """The header of a little-endian GGUF file of version 2 or 3.

    Raises ``InvalidInput``: ``gguf_truncated`` when header or tensors end behind the file, ``gguf_invalid`` for
    anything malformed, ``gguf_split`` for one part of several; ``Unavailable`` without the gguf package.
    """
    refuse_pickle(path)
    size = path.stat().st_size
    if size < 24:
        raise _invalid(path, "gguf_truncated", f"it has only {size} bytes")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _Reader(path, content).header()


class _Reader:
    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self.path = path
        self.content = content
        self.size = len(content)
        self.position = 0

    def header(self) -> GGUFHeader:
        if self._take(4) != MAGIC:
            raise _invalid(self.path, "gguf_invalid", "it does not begin with GGUF")
        version = self._scalar("I")
        if version not in {2, 3}:
            raise _invalid(self.path, "gguf_invalid", f"version {version} is not supported")
        tensor_count, field_count = self._scalar("Q"), self._scalar("Q")
        fields: dict[str, Any] = {}
        for _ in range(self._count(field_count, 13)):
            key = self._string()
            if key in fields:
                raise _invalid(self.path, "gguf_invalid", f"the field {key[:100]!r} occurs twice")
            fields[key] = self._value(self._scalar("I"), 0)
        if fields.get("split.count", 1) not in {0, 1}:
            raise _invalid(
                self.path,
                "gguf_split",
                f"it is one part of {fields['split.count']}",
                "Join the parts with `llama-gguf-split --merge` first.",
            )
        return GGUFHeader(fields, self._tensors(self._count(tensor_count, 24), fields.get("general.alignment", 32)))

    def _tensors(self, count: int, alignment: Any) -> tuple[GGUFTensor, ...]:
        sizes = _block_sizes()
        if type(alignment) is not int or alignment <= 0 or alignment % 8:
            raise _invalid(self.path, "gguf_invalid", f"an alignment of {str(alignment)[:50]} bytes is impossible")
        tensors, spans = [], []
        for _ in range(count):
            name = self._string()
            shape = tuple(self._scalar("Q") for _ in range(self._count(self._scalar("I"), 8)))
            kind, offset = self._scalar("I"), self._scalar("Q")
            if kind not in sizes or not 1 <= len(shape) <= 4 or not all(0 < extent < 1 << 48 for extent in shape):
                raise _invalid(self.path, "gguf_invalid", f"tensor {name[:100]!r} has an impossible type or shape")
            type_name, block, block_bytes = sizes[kind]
            if shape[0] % block or offset % alignment:
                raise _invalid(self.path, "gguf_invalid", f"tensor {name[:100]!r} is not made of whole blocks")
            tensors.append(GGUFTensor(name, type_name, shape))
            spans.append((offset, offset + math.prod(shape) // block * block_bytes, name))
        if not tensors or len({tensor.name for tensor in tensors}) != len(tensors):
            raise _invalid(self.path, "gguf_invalid", "it has no tensors, or two of one name")
        self._check_spans(sorted(spans), -(-self.position // alignment) * alignment)
        return tuple(tensors)

    def _check_spans(self, spans: list[tuple[int, int, str]], data: int) -> None:
        position = 0
        for start, end, name in spans:
            if start < position:
                raise _invalid(self.path, "gguf_invalid", f"tensor {name[:100]!r} overlaps the one before it")
            if data + end > self.size:
                raise _invalid(
                    self.path, "gguf_truncated", f"tensor {name[:100]!r} ends {data + end - self.size} bytes behind it"
                )
            position = end

    def _value(self, kind: int, depth: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind in _SCALARS:
            return self._scalar(_SCALARS[kind])
        if kind != _ARRAY or depth >= _MAX_NESTING:
            raise _invalid(self.path, "gguf_invalid", f"it has a field of unknown type {kind}")
        element, count = self._scalar("I"), self._scalar("Q")
        if element in _SCALARS:
            format = _SCALARS[element]
            count = self._count(count, struct.calcsize(format))
            return list(struct.unpack(f"<{count}{format}", self._take(count * struct.calcsize(format))))
        return [self._value(element, depth + 1) for _ in range(self._count(count, 8))]

    def _string(self) -> str:
        # Vocabularies may hold single bytes that are not UTF-8 by themselves.
        return self._take(self._scalar("Q")).decode("utf-8", "surrogateescape")

    def _scalar(self, format: str) -> Any:
        return struct.unpack(f"<{format}", self._take(struct.calcsize(format)))[0]

    def _take(self, length: int) -> bytes:
        if length > self.size - self.position:
            raise _invalid(self.path, "gguf_truncated", "its header is cut off")
        self.position += length
        return self.content[self.position - length : self.position]

    def _count(self, count: int, smallest: int) -> int:
        """``count`` things of at least ``smallest`` bytes, if the rest of the file has room for them."""
        if count * smallest > self.size - self.position:
            raise _invalid(self.path, "gguf_truncated", f"it announces {count} entries that it has no room for")
        return count


def _block_sizes() -> dict[int, tuple[str, int, int]]:
    """ggml type number -> its name, values in a block, bytes of a block."""
    try:
        from gguf.constants import GGML_QUANT_SIZES
    except ImportError as error:
        raise Unavailable(
            "training_not_installed",
            "Reading a GGUF file needs the gguf package, which is not installed in this environment.",
            "Install it with: pip install 'jupyterlab-modelops[train]'",
        ) from error
    return {int(kind): (kind.name, *sizes) for kind, sizes in GGML_QUANT_SIZES.items()}


def _invalid(
    path: Path, code: str, reason: str, hint: str = "Fetch the file again; a whole copy is needed."
) -> InvalidInput:
    return InvalidInput(code, f"{path.name} is not a sound GGUF file: {reason}.", hint, file=path.name)
