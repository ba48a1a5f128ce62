"""A row with its position in the source, and the report on a row that cannot be used."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class SourceRow:
    """A row as it was read: ``line`` counts from 1, lines in text files and rows in tables."""

    file: str
    line: int
    columns: dict[str, Any]


@dataclass(frozen=True)
class BadRow:
    """Why a row cannot be used, and where it is: enough to find and mend it."""

    file: str
    line: int
    field: str
    """The column, or the place in it such as ``messages[2].role``; empty where the row could not be read at all."""
    code: str
    message: str
    ends_file: bool = False
    """What follows in the file cannot be told apart any more, so the row cannot just be left out."""

    def as_json(self) -> dict[str, Any]:
        report = asdict(self)
        del report["ends_file"]
        return report


class Refused(Exception):
    """Raised while one row is converted; becomes a :class:`BadRow` with the row's position."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code, self.field, self.message = code, field, message

    def at(self, row: SourceRow) -> BadRow:
        return BadRow(row.file, row.line, self.field, self.code, self.message)


def visible(text: str) -> str:
    """``text`` with control and direction characters made visible, so that no dataset can drive a terminal."""
    return "".join(
        character if character in "\n\t" or unicodedata.category(character)[0] != "C" else _picture(character)
        for character in text
    )


def _picture(character: str) -> str:
    # The Control Pictures block shows U+0000 to U+001F, such as ␛ for escape.
    return chr(0x2400 + ord(character)) if ord(character) < 0x20 else "\N{REPLACEMENT CHARACTER}"


def quoted(value: object) -> str:
    """A short, printable form of a value for a message."""
    text = visible(value) if isinstance(value, str) else type(value).__name__
    text = " ".join(text.split())
    return f"'{text if len(text) <= 40 else text[:39] + '…'}'" if isinstance(value, str) else text
