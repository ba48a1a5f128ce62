"""Bytes to text: by byte order mark, as UTF-8, as declared, and only then as guessed."""

from __future__ import annotations

import codecs
import re

from modelops.rag.reading.reasons import NotRead, Reason

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 8192
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOST_CONTROL = 0.02
"""Share of control characters above which something is no text; escape sequences of terminals are."""


def decode(raw: bytes, declared: str | None = None) -> str:
    """The text of ``raw``; raise :class:`NotRead` for what is binary, or in an encoding that nobody can tell."""
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    if encoding is not None:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            raise NotRead(
                Reason.BROKEN, f"It begins as {encoding} and is not: {error.reason} at byte {error.start}."
            ) from error
    if b"\0" in raw[:_LOOKED_AT]:
        raise NotRead(Reason.BINARY, "It holds zero bytes, as programs and archives do and texts do not.")
    text = _decoded(raw, declared)
    head = text[:_LOOKED_AT]
    if len(_CONTROL.findall(head)) > _MOST_CONTROL * len(head):
        raise NotRead(Reason.BINARY, "It is full of control characters, as texts are not.")
    return text


def _decoded(raw: bytes, declared: str | None) -> str:
    for encoding in ("utf-8", declared):
        try:
            return raw.decode(encoding or "utf-8")
        except (UnicodeDecodeError, LookupError):
            continue
    import charset_normalizer

    guess = charset_normalizer.from_bytes(raw).best()
    if guess is None:
        raise NotRead(Reason.UNKNOWN_ENCODING, "It is not UTF-8, nor any encoding that can be told. Save it as UTF-8.")
    return str(guess)
