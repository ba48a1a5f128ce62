"""Executed notebooks on disk: written whole, and marked when they are partial."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modelops.files import write_atomic

RUNNING = "running"
INTERRUPTED = "interrupted"
"""Status of a cell that was running when the run ended; papermill knows only pending, running, completed and failed."""


def write_notebook(nb: dict[str, Any], path: str) -> None:
    """Write a notebook: atomically to a local path, through papermill's handlers to anything else (``s3://…``)."""
    if "://" in path or path == "-":
        from papermill.iorw import write_ipynb

        write_ipynb(nb, path)
    else:
        # Not nbformat.writes: it would validate the whole notebook at every save, and write it anyway.
        from nbformat import v4

        write_atomic(Path(path), (v4.writes(nb) + "\n").encode())


def mark_run(nb: dict[str, Any], run: dict[str, Any]) -> None:
    """Say in the notebook's metadata which run made it, and whether it is partial."""
    nb["metadata"].setdefault("modelops", {})["run"] = run


def close_cells(nb: dict[str, Any]) -> None:
    """Mark cells that were running as interrupted: nothing runs any more."""
    for cell in nb["cells"]:
        record = cell["metadata"].get("papermill")
        if record and record.get("status") == RUNNING:
            record["status"] = INTERRUPTED


def close_notebook(path: Path, run: dict[str, Any]) -> None:
    """Mark a notebook whose run ended early as partial, in place; one that was never written stays so."""
    if path.exists():
        # As plain JSON: nbformat takes more than a second to import, and has nothing to add here.
        nb = json.loads(path.read_bytes())
        close_cells(nb)
        mark_run(nb, {**nb["metadata"].get("modelops", {}).get("run", {}), **run, "partial": True})
        write_atomic(path, (json.dumps(nb, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode())
