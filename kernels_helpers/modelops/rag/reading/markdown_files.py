"""Markdown as it is, without the comments that nobody sees; and notebooks as Markdown."""

from __future__ import annotations

import re
from itertools import pairwise

from modelops.rag.outlines import headings_of, literal_lines
from modelops.rag.reading.cleaning import one_line, visible_text
from modelops.rag.reading.parsed import Parsed
from modelops.rag.reading.reasons import NotRead, Reason

# An HTML comment, to the end of the text where it is not closed; and a link definition that is used as one.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_DEFINED_COMMENT = re.compile(r"^ {0,3}\[(?://|comment|_)\]:.*$\n?", re.MULTILINE | re.IGNORECASE)
_INLINE_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_FENCE = re.compile(r"`{3,}")


def read_markdown(text: str) -> Parsed:
    """Markdown without its comments; what stands in code blocks stays as it is."""
    text = _without_comments(visible_text(text))
    return Parsed(text, first_heading(text))


def first_heading(text: str) -> str:
    """The text of the first heading of a Markdown text, for its title."""
    return next((one_line(heading.text) for heading in headings_of(text)), "")


def read_notebook(text: str) -> Parsed:
    """Markdown cells as they are and code cells in fences; outputs are left out."""
    import nbformat

    try:
        notebook = nbformat.reads(text, as_version=4)
        language = notebook.metadata.get("language_info", {}).get("name", "")
        cells = [(cell.cell_type, str(cell.source)) for cell in notebook.cells]
    # nbformat checks, but does not insist: on what follows from a notebook of another shape, neither does it.
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, AttributeError, KeyError, TypeError) as error:
        raise NotRead(Reason.BROKEN, f"It is no notebook: {one_line(str(error)) or type(error).__name__}.") from error
    except ValueError as error:
        raise NotRead(Reason.BROKEN, f"It is no notebook: {one_line(str(error))}.") from error
    parts = [
        _without_comments(visible_text(source)) if kind == "markdown" else _fenced(visible_text(source), language)
        for kind, source in cells
        if kind in ("markdown", "code") and source.strip()
    ]
    markdown = "\n\n".join(part.strip("\n") for part in parts)
    return Parsed(markdown, first_heading(markdown))


def _fenced(code: str, language: str) -> str:
    longest = max((len(fence) for fence in _FENCE.findall(code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{one_line(language, 40)}\n{code}\n{fence}"


def _without_comments(text: str) -> str:
    if "<!--" not in text and "]:" not in text:
        return text
    lines = text.splitlines(keepends=True)
    literal = [line for block in literal_lines(text) for line in block]
    kept: list[str] = []
    # Between code blocks, and code blocks, in turn: a comment ends where a block begins.
    borders = [0, *literal, len(lines)]
    for index, (begin, end) in enumerate(pairwise(borders)):
        part = "".join(lines[begin:end])
        kept.append(part if index % 2 else _prose_without_comments(part))
    return "".join(kept)


def _prose_without_comments(text: str) -> str:
    code = [found.span() for found in _INLINE_CODE.finditer(text)]

    def replaced(found: re.Match[str]) -> str:
        inside = any(begin < found.start() < end for begin, end in code)
        return found[0] if inside else ""

    return _DEFINED_COMMENT.sub("", _COMMENT.sub(replaced, text))
