"""How much of a document is read, and for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadingLimits:
    """A document beyond any of these is skipped with the reason; none can stop the others from being read."""

    max_bytes: int = 50_000_000
    """Of a file, or of what a URL sends."""
    max_unpacked_bytes: int = 200_000_000
    """Of the parts of a DOCX file together, and of the text that comes out of any document."""
    seconds: float = 60.0
    """From opening a document, or from connecting to its server, to its text."""
    memory_bytes: int = 4 << 30
    """Address space of the process that parses."""
    max_redirects: int = 5
    allow_private_addresses: bool = False
    """Whether URLs may lead into this machine or its network."""
