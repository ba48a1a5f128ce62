"""A notebook file read for what a template needs: its parameters cell, its metadata and its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, NotFound

MAX_NOTEBOOK = 200_000_000
"""Bytes; a template has no outputs, and an executed notebook with more is no template."""
PARAMETERS_TAG = "parameters"


@dataclass(frozen=True)
class Notebook:
    """The parts of a notebook file that make it a template."""

    path: Path
    sha256: str
    parameters_source: str
    """Source of the cell tagged ``parameters``; empty without such a cell."""
    metadata: dict[str, Any]
    heading: str
    """The first Markdown heading, or nothing."""


def read_notebook(path: Path) -> Notebook:
    """Read a notebook (nbformat 4); raises ``NotFound`` or ``InvalidInput`` (``invalid_notebook``)."""
    try:
        path = path.expanduser()
        if path.stat().st_size > MAX_NOTEBOOK:
            raise _invalid(path, f"has more than {MAX_NOTEBOOK // 1_000_000} MB")
        content = path.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # unreadable, a NUL in the path, ~ of an unknown user
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NotFound("notebook_not_found", f"{path} cannot be read: {reason}.", "Check the path.") from error
    try:
        document = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _invalid(path, "is not a JSON document") from None
    if not isinstance(document, dict) or document.get("nbformat") != 4:
        raise _invalid(path, "is not a notebook of nbformat 4")
    cells, metadata = document.get("cells"), document.get("metadata", {})
    if (
        not isinstance(cells, list)
        or not all(isinstance(cell, dict) for cell in cells)
        or not isinstance(metadata, dict)
    ):
        raise _invalid(path, "has no list of cells, or no notebook metadata")
    return Notebook(
        path=path.absolute(),
        sha256=hashlib.sha256(content).hexdigest(),
        parameters_source=_parameters_source(path, cells, metadata),
        metadata=metadata,
        heading=_heading(path, cells),
    )


def _parameters_source(path: Path, cells: list[dict[str, Any]], metadata: dict[str, Any]) -> str:
    tagged = [cell for cell in cells if _is_tagged(cell)]
    if not tagged:
        return ""
    if len(tagged) > 1:
        raise _invalid(path, f"has {len(tagged)} cells tagged {PARAMETERS_TAG!r}; one is allowed")
    if tagged[0].get("cell_type") != "code":
        raise _invalid(path, f"has the tag {PARAMETERS_TAG!r} on a cell that is no code cell")
    if (language := _language(metadata)) != "python":
        raise _invalid(path, f"has a parameters cell in {language[:40]}; only Python's can be read")
    return _source(path, tagged[0])


def _is_tagged(cell: dict[str, Any]) -> bool:
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return isinstance(tags, list) and PARAMETERS_TAG in tags


def _language(metadata: dict[str, Any]) -> str:
    for block, key in (("kernelspec", "language"), ("language_info", "name")):
        value = metadata.get(block)
        if isinstance(value, dict) and isinstance(value.get(key), str):
            return str(value[key]).lower()
    return "python"


def _source(path: Path, cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    if isinstance(source, str):
        return source
    raise _invalid(path, "has a cell whose source is not text")


def _heading(path: Path, cells: list[dict[str, Any]]) -> str:
    for cell in cells:
        if cell.get("cell_type") == "markdown":
            for line in _source(path, cell).splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return ""


def _invalid(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(
        "invalid_notebook",
        f"{path.name} {reason}.",
        "Open it in JupyterLab and save it again, or give another notebook.",
        notebook=str(path),
    )
