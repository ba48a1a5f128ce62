"""Reads CSV strictly, as RFC 4180 has it: stray quotes and ragged rows are reported by line, never guessed at."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from modelops.datasets.json_text import MAX_ROW_BYTES, not_utf8, text_lines
from modelops.datasets.rows import BadRow, SourceRow
from modelops.errors import InvalidInput

_COMMA, _TAB = ",", "\t"


def read_csv(path: Path, file: str) -> Iterator[SourceRow | BadRow]:
    """Rows of a CSV (or, with the suffix ``.tsv``, tab-separated) file with a header; all values are text.

    A row's line is the one it begins on. Raises ``InvalidInput`` when the header cannot be used.
    """
    delimiter = _TAB if path.suffix.lower() == ".tsv" else _COMMA
    csv.field_size_limit(MAX_ROW_BYTES)
    header: list[str] | None = None
    for record in _records(path, file, delimiter):
        if isinstance(record, BadRow):
            # Without its header nothing in the file can be understood.
            yield replace(record, ends_file=True) if header is None else record
            if header is None:
                return
            continue
        line, values = record
        if header is None:
            header = _check_header(file, values)
        elif len(values) != len(header):
            message = f"The row has {len(values)} values, the header names {len(header)} columns."
            yield BadRow(file, line, "", "ragged_row", message)
        else:
            yield SourceRow(file, line, dict(zip(header, values, strict=True)))


def _records(path: Path, file: str, delimiter: str) -> Iterator[tuple[int, list[str]] | BadRow]:
    """Each record as (line it begins on, values)."""
    whole, unfinished = _patterns(delimiter)
    with path.open("rb") as stream:
        lines = enumerate(text_lines(stream), 1)
        for first, line in lines:
            parts, last = [line], first
            if line.strip(b"\r\n") == b"":
                continue
            if b'"' in line and unfinished.fullmatch(line.decode("utf-8", "replace")):
                # Inside an open field every quote is doubled or closes it: an even count so far means it is closed.
                quotes, size = line.count(b'"'), len(line)
                while quotes % 2 and size <= MAX_ROW_BYTES and (following := next(lines, None)):
                    last = following[0]
                    parts.append(following[1])
                    quotes, size = quotes + parts[-1].count(b'"'), size + len(parts[-1])
                if quotes % 2:
                    yield _broken(file, first, last, "unclosed_quote", "A quote opens here that is never closed.")
                    return
            record = b"".join(parts)
            if len(record) > MAX_ROW_BYTES:
                yield BadRow(file, first, "", "row_too_large", f"The row is longer than {MAX_ROW_BYTES:,} bytes.")
                continue
            try:
                text = record.decode()
            except UnicodeDecodeError as error:
                yield not_utf8(file, first + record.count(b"\n", 0, error.start), error)
                continue
            if not whole.fullmatch(text):
                if '"' not in text:
                    yield BadRow(file, first, "", "stray_return", "A carriage return stands inside an unquoted field.")
                    continue
                message = "A quote stands inside a field; a field with quotes is quoted, its own quotes doubled."
                yield _broken(file, first, last, "stray_quote", message)
                if first != last:
                    return
                continue
            # The record is given as one piece, so that line breaks inside quoted fields come out as they are.
            yield first, next(csv.reader([text], delimiter=delimiter, strict=True))


def _broken(file: str, first: int, last: int, code: str, message: str) -> BadRow:
    if first != last:
        message += f" Lines {first} to {last} cannot be told apart, so they cannot just be left out."
    return BadRow(file, first, "", code, message, ends_file=first != last or code == "unclosed_quote")


def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A whole record, and the beginning of a record that ends inside a quoted field; both match in linear time."""
    inside = r'"(?:[^"]++|"")*+'
    field = rf'(?:{inside}"|[^"\r\n{delimiter}]*+)'
    return re.compile(rf"{field}(?:{delimiter}{field})*+\r?\n?"), re.compile(rf"(?:{field}{delimiter})*+{inside}")


def _check_header(file: str, names: list[str]) -> list[str]:
    names = [name.strip() for name in names]
    if len(names) == 1 and re.search(r"[;\t]", names[0]):
        raise InvalidInput(
            "wrong_delimiter",
            f"The columns of {file} are not separated by commas.",
            "Save it with commas, or as .tsv with tabs.",
            file=file,
            line=1,
        )
    if "" in names or len(set(names)) != len(names):
        raise InvalidInput(
            "broken_header",
            f"The header of {file} names a column twice or leaves a name out: {', '.join(names)[:200]!r}.",
            "Give every column a name of its own on the first line.",
            file=file,
            line=1,
        )
    return names
