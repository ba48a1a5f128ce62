"""Finds NaN and infinity in safetensors files, without torch: bit patterns, memory-mapped, a chunk at a time."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.errors import NonFinite
from modelops.files import regular_files
from modelops.models.safetensors_files import StoredTensor, read_header

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 1 << 24
"""Bytes looked at together; a multiple of every element size."""


def check_finite(folder: Path) -> None:
    """Raise ``NonFinite`` when a safetensors file in ``folder`` holds NaN or infinity, naming file, tensor and number.

    Integer tensors and the small formats without either (F4, F6) pass. Raises ``InvalidInput`` for a broken file.
    """
    for relative, path in regular_files(folder):
        if path.suffix == ".safetensors":
            _check_file(relative, path)


def _check_file(relative: str, path: Path) -> None:
    tensors = [tensor for tensor in read_header(path) if tensor.dtype in _PATTERNS and tensor.elements]
    if not tensors:
        return
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for tensor in tensors:
            count = _count_non_finite(content, tensor)
            if count:
                raise NonFinite(
                    f"{count} of {tensor.elements} values of {tensor.name} in {relative} are NaN or infinite.",
                    "Train again with a lower learning rate, gradient clipping, or in a wider number format.",
                    file=relative,
                    tensor=tensor.name,
                    values=count,
                )


def _count_non_finite(content: mmap.mmap, tensor: StoredTensor) -> int:
    import numpy as np

    word, is_non_finite = _PATTERNS[tensor.dtype]
    width = np.dtype(word).itemsize
    count = 0
    for start in range(tensor.start, tensor.end, CHUNK):
        length = min(CHUNK, tensor.end - start) // width
        words = np.frombuffer(content, dtype=word, count=length, offset=start)
        count += int(np.count_nonzero(is_non_finite(words)))
        del words  # a view left alive would keep the map from closing
    return count


def _exponent_is_full(mask: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    # IEEE 754: all exponent bits set means NaN or infinity.
    return lambda words: (words & words.dtype.type(mask)) == mask


# Little-endian unsigned words and the test on them. E4M3 ("FN") has no infinity and one NaN per sign; the FNUZ formats
# have a single NaN at negative zero; E8M0 a single NaN (OCP Microscaling Formats 1.0, section 5.3 and 5.4).
_PATTERNS: dict[str, tuple[str, Callable[[NDArray[Any]], NDArray[Any]]]] = {
    "F64": ("<u8", _exponent_is_full(0x7FF0_0000_0000_0000)),
    "F32": ("<u4", _exponent_is_full(0x7F80_0000)),
    "C64": ("<u4", _exponent_is_full(0x7F80_0000)),
    "F16": ("<u2", _exponent_is_full(0x7C00)),
    "BF16": ("<u2", _exponent_is_full(0x7F80)),
    "F8_E5M2": ("u1", _exponent_is_full(0x7C)),
    "F8_E4M3": ("u1", _exponent_is_full(0x7F)),
    "F8_E8M0": ("u1", lambda words: words == 0xFF),
    "F8_E4M3FNUZ": ("u1", lambda words: words == 0x80),
    "F8_E5M2FNUZ": ("u1", lambda words: words == 0x80),
}
