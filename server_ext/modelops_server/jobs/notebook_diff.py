"""What differs between two notebooks' sources, cell by cell: nbdime pairs the cells, difflib shows their lines."""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

_INJECTED = "injected-parameters"
"""papermill's tag of the cell that it adds: its values are compared as parameters."""


@dataclass(frozen=True)
class CellChange:
    """A cell that is not the same in both notebooks; ``a`` and ``b`` are its places there, from 1, where it is."""

    change: Literal["added", "removed", "changed"]
    cell_type: str
    a: int | None
    b: int | None
    diff: tuple[str, ...]
    """Lines as of a unified diff."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_sources(path: Path) -> dict[str, Any]:
    """A notebook's cells as they were written by a person: without outputs, metadata and injected parameters."""
    notebook = json.loads(path.read_bytes())
    cells = [
        {
            "cell_type": cell["cell_type"],
            "id": cell.get("id", ""),
            "metadata": {},
            "source": "".join(cell["source"]),
            **({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}),
        }
        for cell in notebook["cells"]
        if _INJECTED not in cell["metadata"].get("tags", [])
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def diff_cells(a: dict[str, Any], b: dict[str, Any]) -> tuple[CellChange, ...]:
    """The cells that differ between two notebooks of :func:`read_sources`, in the order of ``b``."""
    import nbformat
    from nbdime.diffing.notebooks import diff_notebooks

    changes: list[CellChange] = []
    shift = 0  # how much further a cell is in b than in a
    for part in diff_notebooks(nbformat.from_dict(a), nbformat.from_dict(b)):
        if part.key != "cells":
            continue
        for step in part.diff:
            place = step.key
            if step.op == "addrange":
                changes += [_change(None, None, cell, place + shift + n) for n, cell in enumerate(step.valuelist)]
                shift += len(step.valuelist)
            elif step.op == "removerange":
                changes += [_change(a["cells"][place + n], place + n, None, None) for n in range(step.length)]
                shift -= step.length
            else:
                changes.append(_change(a["cells"][place], place, b["cells"][place + shift], place + shift))
    # A cell that only has another id is the same to a reader.
    return tuple(change for change in changes if change.change != "changed" or change.diff)


def _change(before: dict[str, Any] | None, a: int | None, after: dict[str, Any] | None, b: int | None) -> CellChange:
    old, new = ((cell or {"source": ""})["source"].splitlines() for cell in (before, after))
    lines = list(difflib.unified_diff(old, new, lineterm="", n=3))[2:]  # without the names of the files
    return CellChange(
        "changed" if before and after else "removed" if before else "added",
        (before or after or {})["cell_type"],
        None if a is None else a + 1,
        None if b is None else b + 1,
        tuple(lines),
    )
