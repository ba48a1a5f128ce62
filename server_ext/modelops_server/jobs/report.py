"""A job's executed notebook as one HTML page, made on demand and kept beside it."""

from __future__ import annotations

from pathlib import Path

import nbformat

from modelops.errors import NotFound
from modelops.events import MIME
from modelops.files import write_atomic
from modelops_server.jobs.spec import OUTPUT

FILE = "report.html"


def executed_notebook(folder: Path) -> Path:
    """The executed notebook in a job's folder; raises ``NotFound`` while there is none."""
    path = folder / OUTPUT
    if not path.exists():
        raise NotFound("no_notebook", f"Job {folder.name} has not written a notebook yet.", "Wait until it is running.")
    return path


def render_report(folder: Path) -> Path:
    """The path of the report, rendered again when the notebook has changed since; raises ``NotFound``."""
    source, report = executed_notebook(folder), folder / FILE
    if report.exists() and report.stat().st_mtime_ns >= source.stat().st_mtime_ns:
        return report
    from nbconvert import HTMLExporter

    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if MIME not in output.get("data", {})]
    # What a notebook shows was made by models and data: its HTML must not run in the reader's browser.
    page, _ = HTMLExporter(sanitize_html=True).from_notebook_node(
        notebook, {"metadata": {"name": notebook.metadata.get("modelops", {}).get("title", folder.name)}}
    )
    write_atomic(report, page.encode())
    return report
