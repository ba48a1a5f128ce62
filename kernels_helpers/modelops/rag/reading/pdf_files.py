"""PDF as text, page by page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelops.rag.reading.cleaning import one_line, visible_text
from modelops.rag.reading.parsed import Parsed
from modelops.rag.reading.reasons import NotRead, Reason

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

# PDFium marks a hyphen at the end of a line that only the line's end put there.
_HYPHEN = re.compile("[\u0002\ufffe](?:\r?\n)?")
_BETWEEN = "\n\n"


def read_pdf(raw: bytes) -> Parsed:
    """The text layer of a PDF, as far as it is on its pages; raise :class:`NotRead` where there is none."""
    import pypdfium2
    from pypdfium2 import raw as pdfium

    try:
        document = pypdfium2.PdfDocument(raw)
        pages = [_page_text(page) for page in document]
        title = document.get_metadata_dict().get("Title", "")
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise NotRead(Reason.ENCRYPTED, "It needs a password. Save it without one.") from error
        raise NotRead(Reason.BROKEN, f"It is no PDF that can be read: {one_line(str(error))}") from error
    if not any(map(str.strip, pages)):
        raise NotRead(
            Reason.NO_TEXT_LAYER,
            f"None of its {len(pages)} pages has text; it is probably scanned. Run it through OCR, such as ocrmypdf.",
        )
    starts, position = [], 0
    for page in pages:
        starts.append(position)
        position += len(page) + len(_BETWEEN)
    return Parsed(_BETWEEN.join(pages), one_line(title), tuple(starts))


def _page_text(page: PdfPage) -> str:
    text = page.get_textpage().get_text_bounded()
    page.close()
    return visible_text(without_hyphens(text)).strip()


def without_hyphens(text: str) -> str:
    """PDFium's text with the words whole that the end of a line cut."""
    return _HYPHEN.sub("", text)
