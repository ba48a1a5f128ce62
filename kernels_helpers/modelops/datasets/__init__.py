"""Datasets: read in many formats, checked row by row, stored in one form, and made from Python's own documentation."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelops.datasets.canonical import Row, iterate_split, load_split, read_split, split_names
from modelops.datasets.held_out import HeldOut, held_out_of_train, held_out_rows, held_out_split

if TYPE_CHECKING:
    from modelops.datasets.formats import FORMATS
    from modelops.datasets.inspection import Inspection, inspect_source, inspect_stored
    from modelops.datasets.pydoc import make_pydoc
    from modelops.datasets.registering import Registered, add_dataset, add_pydoc, import_dataset
    from modelops.datasets.tokens import token_counter

__all__ = [
    "FORMATS",
    "HeldOut",
    "Inspection",
    "Registered",
    "Row",
    "add_dataset",
    "add_pydoc",
    "held_out_of_train",
    "held_out_rows",
    "held_out_split",
    "import_dataset",
    "inspect_source",
    "inspect_stored",
    "iterate_split",
    "load_split",
    "make_pydoc",
    "read_split",
    "split_names",
    "token_counter",
]

_HOMES = {
    "FORMATS": "formats",
    "Inspection": "inspection",
    "Registered": "registering",
    "add_dataset": "registering",
    "add_pydoc": "registering",
    "import_dataset": "registering",
    "inspect_source": "inspection",
    "inspect_stored": "inspection",
    "make_pydoc": "pydoc",
    "token_counter": "tokens",
}


def __getattr__(name: str) -> Any:
    # A training notebook reads splits; it need not load what adds and signs them.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
