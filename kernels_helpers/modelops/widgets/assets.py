"""The widgets' front end: hand-written modules that are joined into the one that anywidget wants; nothing is built."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_STATIC = Path(__file__).parent / "static"
_MODULES = (
    *("elements", "decimation", "series", "chart", "job", "fields", "form", "artifact"),
    *("prose", "writing", "chat", "ask", "widget"),
)
"""In the order in which they import each other; the last one has the default export."""

_IMPORT = re.compile(r"^import [^;]*? from '\./[a-z]+\.js';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def module() -> str:
    """One ES module with all of ``static/*.js``: a widget's module is loaded from text and cannot import files."""
    sources = [(_STATIC / f"{name}.js").read_text(encoding="utf-8") for name in _MODULES]
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", source)) for source in sources)


@cache
def style() -> str:
    """The style sheet, themed by JupyterLab's variables or by those of VS Code."""
    return (_STATIC / "widget.css").read_text(encoding="utf-8")
