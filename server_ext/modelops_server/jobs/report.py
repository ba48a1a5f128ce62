"""A job's executed notebook as one HTML page, made on demand and kept beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from modelops.errors import NotFound
from modelops.events import MIME
from modelops.files import write_atomic
from modelops_server.jobs.spec import OUTPUT

if TYPE_CHECKING:
    from nbconvert import HTMLExporter

FILE = "report.html"

# What text and tables are written with; nbconvert's own list has no paragraphs, headings or heads of tables, and shows
# their tags as text. Nothing in it loads or runs anything.
_TEXT = ("a", "abbr", "b", "blockquote", "br", "code", "del", "div", "em", "hr", "i", "p", "pre", "s", "span", "strong")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LISTS = ("dd", "dl", "dt", "li", "ol", "ul")
_TABLES = ("caption", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr")
_STYLES = ("text-align", "vertical-align", "white-space", "width")


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
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if MIME not in output.get("data", {})]
    page, _ = _exporter().from_notebook_node(
        notebook, {"metadata": {"name": notebook.metadata.get("modelops", {}).get("title", folder.name)}}
    )
    write_atomic(report, page.encode())
    return report


def _exporter() -> HTMLExporter:
    """What a notebook shows was made by models and data: its HTML must not run in the reader's browser."""
    from bleach.css_sanitizer import CSSSanitizer
    from bleach.sanitizer import Cleaner
    from nbconvert import HTMLExporter

    cleaner = Cleaner(
        tags={*_TEXT, *_HEADINGS, *_LISTS, *_TABLES},
        attributes={"*": ["class", "id", "style"], "a": ["href", "title"], "abbr": ["title"]},
        css_sanitizer=CSSSanitizer(allowed_css_properties=_STYLES),
    )

    def clean(html: str | bytes) -> str:
        return str(cleaner.clean(html.decode() if isinstance(html, bytes) else str(html)))

    exporter = HTMLExporter(sanitize_html=True)
    exporter.register_filter("clean_html", clean)
    return exporter
