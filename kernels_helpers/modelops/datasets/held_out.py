"""Which rows of a dataset are held out: the same for every notebook that trains on it or evaluates with it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from modelops.datasets.canonical import Row, iterate_split, read_split, split_names


@dataclass(frozen=True)
class HeldOut:
    """Rows that nothing is trained on."""

    rows: list[Row]
    split: str
    """The split that they are from; of ``train`` they are the last rows, which training must leave out."""
    first: int
    """The place of the first of them in its split, from 0."""


def held_out_split(folder: Path) -> str | None:
    """The split of a canonical dataset that is held out, if it has one."""
    names = split_names(folder)
    return next((split for split in ("test", "validation") if split in names), None)


def held_out_rows(folder: Path, count: int) -> HeldOut:
    """At most ``count`` held-out rows of a canonical dataset: the first of its test split, else of its validation one.

    Without either they are the last of its train split, at most a tenth of it. Raises ``NotFound`` where there is no
    split at all.
    """
    split = held_out_split(folder)
    if split is not None:
        return HeldOut(list(islice(iterate_split(folder, split), count)), split, 0)
    rows = read_split(folder, "train")
    first = len(rows) - held_out_of_train(len(rows), count)
    return HeldOut(rows[first:], "train", first)


def held_out_of_train(rows: int, count: int) -> int:
    """How many of a train split's ``rows`` are held out where there is no other split, when ``count`` are asked for."""
    return min(count, rows, max(1, rows // 10))
