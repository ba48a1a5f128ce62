"""Datasets: read in many formats, checked row by row, stored in one form, and made from Python's own documentation."""

from __future__ import annotations

from modelops.datasets.canonical import Row, iterate_split, load_split, read_split, split_names
from modelops.datasets.pydoc import make_pydoc

__all__ = ["Row", "iterate_split", "load_split", "make_pydoc", "read_split", "split_names"]
