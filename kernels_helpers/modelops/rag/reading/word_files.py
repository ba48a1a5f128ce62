"""DOCX as Markdown: headings, lists and tables, without what Word hides."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelops.rag.reading.cleaning import one_line, visible_text
from modelops.rag.reading.limits import ReadingLimits
from modelops.rag.reading.parsed import Parsed
from modelops.rag.reading.reasons import NotRead, Reason
from modelops.units import human_bytes

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.table import Table, _Cell
    from docx.text.paragraph import Paragraph

_HEADING = re.compile(r"Heading ([1-9])")
_MOST_PARTS = 10_000
_NOT_SEEN = (
    ".//w:r[w:rPr/w:vanish[not(@w:val='0' or @w:val='false')]] | .//w:del | .//w:moveFrom | .//w:tr[w:trPr/w:del]"
    " | .//w:sdt[w:sdtPr/w:showingPlcHdr]"
)
"""Hidden runs, what was deleted or moved away in tracked changes, and fields that nobody has filled in."""
_WRAPPERS = ".//w:ins | .//w:moveTo | .//w:sdt | .//w:smartTag | .//w:customXml"


def read_docx(raw: bytes, limits: ReadingLimits) -> Parsed:
    """The text of a Word file as Markdown. What is deleted in tracked changes, and hidden text, is left out."""
    import docx

    _check_unpacked(raw, limits)
    try:
        document = docx.Document(io.BytesIO(raw))
    except (KeyError, ValueError, SyntaxError, zipfile.BadZipFile) as error:  # lxml's errors are syntax errors
        raise NotRead(Reason.BROKEN, f"It is no Word file: {one_line(str(error))}.") from error
    for gone in document.element.body.xpath(_NOT_SEEN):
        gone.getparent().remove(gone)
    _unwrap(document)
    text = "\n\n".join(block for block in _blocks(document) if block.strip())
    return Parsed(text, one_line(document.core_properties.title or ""))


def _unwrap(document: WordDocument) -> None:
    """Put what stands in a tracked insertion, a content control or a tag in its place: python-docx looks into none."""
    from docx.oxml.ns import qn

    # The innermost first, so that what it holds is seen by the one around it.
    for wrapper in reversed(document.element.body.xpath(_WRAPPERS)):
        holder = wrapper.find(qn("w:sdtContent")) if wrapper.tag == qn("w:sdt") else wrapper
        for child in [] if holder is None else list(holder):
            wrapper.addprevious(child)
        wrapper.getparent().remove(wrapper)


def _check_unpacked(raw: bytes, limits: ReadingLimits) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise NotRead(Reason.BROKEN, f"It is no Word file: {one_line(str(error))}.") from error
    if any(part.flag_bits & 1 for part in parts):
        raise NotRead(Reason.ENCRYPTED, "It has a password. Save it without one.")
    size = sum(part.file_size for part in parts)  # zipfile never unpacks more of a part than this
    if size > limits.max_unpacked_bytes or len(parts) > _MOST_PARTS:
        raise NotRead(
            Reason.UNPACKS_TOO_LARGE,
            f"It would unpack to {human_bytes(size)} in {len(parts)} parts; "
            f"the limit is {human_bytes(limits.max_unpacked_bytes)}.",
        )


def _blocks(container: WordDocument | _Cell) -> Iterator[str]:
    from docx.text.paragraph import Paragraph

    listed: list[str] = []
    for block in container.iter_inner_content():
        if isinstance(block, Paragraph):
            line = _paragraph(block)
            if line.startswith("- "):
                listed.append(line)
                continue
        else:
            line = _table(block)
        if listed:
            yield "\n".join(listed)
            listed = []
        yield line
    if listed:
        yield "\n".join(listed)


def _paragraph(paragraph: Paragraph) -> str:
    text = visible_text(paragraph.text).strip()
    style = (paragraph.style.name if paragraph.style is not None else None) or ""
    if not text:
        return ""
    if style == "Title":
        return f"# {one_line(text)}"
    if heading := _HEADING.fullmatch(style):
        # Word has nine levels, Markdown six.
        return f"{'#' * min(int(heading[1]), 6)} {' '.join(text.split())}"
    return f"- {text}" if style.startswith("List") else text


def _table(table: Table) -> str:
    rows = []
    for row in table.rows:
        cells = [" ".join(" ".join(_blocks(cell)).split()).replace("|", "\\|") for cell in row.cells]
        rows.append(f"| {' | '.join(cells)} |")
    if rows:
        rows.insert(1, f"|{' --- |' * len(table.rows[0].cells)}")
    return "\n".join(rows)
