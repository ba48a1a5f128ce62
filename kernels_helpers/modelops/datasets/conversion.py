"""Turns the rows of a source into canonical rows, and reports each row that cannot be turned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from modelops.datasets.canonical import Row, encode_row
from modelops.datasets.formats import FORMATS, convert, detect_format
from modelops.datasets.rows import BadRow, Refused, SourceRow, visible
from modelops.datasets.sources import Source
from modelops.errors import InvalidInput

SHOWN_BAD_ROWS = 20
"""Bad rows that a report names one by one; all are counted."""


@dataclass(frozen=True)
class GoodRow:
    """A row in canonical form with its encoded line."""

    split: str
    row: Row
    encoded: bytes


@dataclass
class Conversion:
    """Converts sources one after another; afterwards holds what was found on the way.

    With ``format`` "auto" a file's first recognisable row decides for the whole file.
    """

    format: str = "auto"
    formats: dict[str, str] = field(default_factory=dict)
    """Format of each file."""
    rows_read: Counter[str] = field(default_factory=Counter)
    """Rows of each file, good and bad."""
    bad_rows: list[BadRow] = field(default_factory=list)
    """The first ``SHOWN_BAD_ROWS`` of them."""
    bad_by_code: Counter[str] = field(default_factory=Counter)
    bad_by_file: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    """Fields of the source that have no place in canonical rows, with the number of rows that had them."""
    unreadable: BadRow | None = None
    """The row after which a file could not be read on."""

    def __post_init__(self) -> None:
        if self.format not in ("auto", *FORMATS):
            raise InvalidInput(
                "unknown_format",
                f"There is no format {self.format!r}.",
                f"Use auto, {', '.join(FORMATS)}.",
                format=self.format,
            )

    @property
    def bad_count(self) -> int:
        return self.bad_by_code.total()

    def rows(self, sources: Iterable[Source]) -> Iterator[GoodRow]:
        """Canonical rows of all sources in order.

        Raises ``InvalidInput`` for what concerns a whole file: no rows, columns of no known format, mixed formats.
        """
        kinds: dict[str, str] = {}
        for source in sources:
            format = self._format_of(source)
            self.formats[source.name] = format
            kinds.setdefault("text" if format == "text" else "chat", source.name)
            if len(kinds) > 1:
                raise InvalidInput(
                    "mixed_formats",
                    f"{kinds['text']} holds plain text and {kinds['chat']} holds chats.",
                    "Add them as two datasets.",
                    files=[kinds["chat"], kinds["text"]],
                )
            yield from self._convert(source, format)

    def _format_of(self, source: Source) -> str:
        """The format of the first row that has one; a file without rows, or without any known format, is refused."""
        columns: list[str] = []
        empty = True
        for row in source.rows():
            empty = False
            if isinstance(row, BadRow):
                continue
            if self.format != "auto":
                return self.format
            detected = detect_format(row.columns)
            if detected:
                return detected
            columns = columns or list(row.columns)
        if empty:
            raise InvalidInput("empty_file", f"{source.name} holds no rows.", "Is it the right file?", file=source.name)
        if columns:
            raise InvalidInput(
                "unknown_format",
                f"The columns of {source.name} are of no known format: {visible(', '.join(columns)[:200])}.",
                "Known are messages, conversations, instruction + output, prompt + completion, text.",
                file=source.name,
                columns=columns[:50],
            )
        return self.format  # Only unreadable rows: each of them is reported.

    def _convert(self, source: Source, format: str) -> Iterator[GoodRow]:
        first: SourceRow | None = None
        for row in source.rows():
            self.rows_read[source.name] += 1
            if isinstance(row, BadRow):
                self._refuse(row)
                continue
            found = detect_format(row.columns, format) if self.format == "auto" else format
            if found == format:
                first = first or row
            elif found is not None:
                raise _mixed(first, format, row, found)
            try:
                converted = convert(row.columns, format)
                encoded = encode_row(converted.row)
            except Refused as refused:
                self._refuse(refused.at(row))
            except UnicodeEncodeError:
                message = "The text holds half of a surrogate pair, which is no character."
                self._refuse(BadRow(row.file, row.line, "", "invalid_unicode", message))
            else:
                self.dropped.update(converted.dropped)
                yield GoodRow(source.split, converted.row, encoded)

    def _refuse(self, bad: BadRow) -> None:
        self.bad_by_code[bad.code] += 1
        self.bad_by_file[bad.file] += 1
        if len(self.bad_rows) < SHOWN_BAD_ROWS:
            self.bad_rows.append(bad)
        if bad.ends_file:
            self.unreadable = self.unreadable or bad

    def report(self) -> dict[str, object]:
        """The bad rows as JSON: how many, by reason, and the first of them."""
        return {
            "rows_read": self.rows_read.total(),
            "bad_row_count": self.bad_count,
            "bad_by_reason": dict(self.bad_by_code.most_common()),
            "bad_rows": [bad.as_json() for bad in islice(self.bad_rows, SHOWN_BAD_ROWS)],
        }


def _mixed(first: SourceRow | None, format: str, row: SourceRow, found: str) -> InvalidInput:
    begins = first.line if first else row.line
    return InvalidInput(
        "mixed_formats",
        f"{row.file} mixes formats: line {begins} is {format}, line {row.line} is {found}.",
        f"Split the file, or keep only one kind with --format {format} --skip-bad-rows.",
        file=row.file,
        positions=[{"line": begins, "format": format}, {"line": row.line, "format": found}],
    )
