"""Reading documents: found, parsed within limits, cleaned to what a person sees; what cannot be read is named, and why.

``read_documents`` gives each document of folders, URLs and datasets, or why it is not one; ``find_documents`` and
``Reader`` are its two halves.
"""

from __future__ import annotations

from modelops.rag.reading.cleaning import visible_text
from modelops.rag.reading.collecting import read_documents
from modelops.rag.reading.dataset_rows import read_rows
from modelops.rag.reading.finding import Found, FoundFile, find_documents
from modelops.rag.reading.limits import ReadingLimits
from modelops.rag.reading.reader import Reader
from modelops.rag.reading.reasons import Reason

VERSION = 1
"""Of the text that comes out of a document's bytes: what another version has read is read again."""

__all__ = [
    "VERSION",
    "Found",
    "FoundFile",
    "Reader",
    "ReadingLimits",
    "Reason",
    "find_documents",
    "read_documents",
    "read_rows",
    "visible_text",
]
