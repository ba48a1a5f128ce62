"""The one form every dataset is stored in: JSON lines below ``data/``, one file for each split."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from modelops.errors import NotFound

if TYPE_CHECKING:
    from datasets import Dataset

Row = dict[str, Any]
"""``{"messages": [{"role": …, "content": …}, …]}`` for chats, ``{"text": …}`` for plain text."""

SPLITS = ("train", "validation", "test")
"""Splits a dataset may have, in the order they are shown; ``test`` is what is held out."""


def encode_row(row: Row) -> bytes:
    """One row as its line of UTF-8 JSON, newline included. Equal rows have equal bytes."""
    return (json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n").encode()


def row_key(line: bytes) -> bytes:
    """What two rows share exactly when they are duplicates: 16 bytes of the SHA-256 of the encoded row."""
    return hashlib.sha256(line).digest()[:16]


def held_out(encoded: bytes, fraction: float, seed: int) -> bool:
    """Whether a row belongs to the held-out ``fraction``: decided by its content, so duplicates stay together."""
    digest = hashlib.sha256(f"{seed}\n".encode() + encoded).digest()
    return int.from_bytes(digest[:8], "big") < fraction * 2**64


def split_file(folder: Path, split: str) -> Path:
    """Where a canonical dataset keeps a split."""
    return folder / "data" / f"{split}.jsonl"


class CanonicalWriter:
    """Writes rows to the splits of a new canonical dataset, in the order they come. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = ExitStack()
        self._open: dict[str, BinaryIO] = {}

    def write(self, split: str, encoded: bytes) -> None:
        """Append one encoded row to ``split``."""
        if split not in self._open:
            path = split_file(self.folder, split)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[split] = self._files.enter_context(path.open("xb"))
        self._open[split].write(encoded)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()


def split_names(folder: Path) -> tuple[str, ...]:
    """The splits that a canonical dataset has."""
    return tuple(split for split in SPLITS if split_file(folder, split).is_file())


def iterate_lines(folder: Path, split: str = "train") -> Iterator[bytes]:
    """Encoded rows of a split, one at a time; raise ``NotFound`` when there is no such split."""
    path = split_file(folder, split)
    if split not in SPLITS or not path.is_file():
        raise NotFound(
            "split_not_found",
            f"The dataset has no {split!r} split, only: {', '.join(split_names(folder)) or 'none'}.",
            "Add the dataset again with --test-fraction 0.1 to hold rows out.",
            split=split,
        )
    # Binary lines end at \n alone; text mode would also break at other line separators inside a row.
    with path.open("rb") as lines:
        yield from lines


def iterate_split(folder: Path, split: str = "train") -> Iterator[Row]:
    """Rows of a split of a canonical dataset, one at a time; raise ``NotFound`` when there is no such split."""
    return map(json.loads, iterate_lines(folder, split))


def read_split(folder: Path, split: str = "train") -> list[Row]:
    """All rows of a split of a canonical dataset; raise ``NotFound`` when there is no such split."""
    return list(iterate_split(folder, split))


def load_split(folder: Path, split: str = "train") -> Dataset:
    """A split as a ``datasets.Dataset``, for trainers that want one."""
    from datasets import Dataset

    return Dataset.from_list(read_split(folder, split))
