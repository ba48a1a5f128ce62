"""Reads JSON lines and JSON arrays strictly, row by row, and says on which line something is broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from modelops.datasets.rows import BadRow, SourceRow
from modelops.errors import InvalidInput
from modelops.files import CHUNK

MAX_ROW_BYTES = 64 << 20
"""A longer line is no training row; it is refused instead of filling the memory."""

MAX_ARRAY_BYTES = 1 << 30
"""A JSON array is read as a whole, so a longer one is refused; JSON lines of any length are read line by line."""

_NO_SPACE = re.compile(r"[^ \t\r\n]|\Z")
_BOM = b"\xef\xbb\xbf"


class BrokenJSONError(ValueError):
    """A syntax error at a place, counted in characters from the beginning of the text."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.place = place


def parse_json(text: str) -> Any:
    """Parse JSON as RFC 8259 has it: no NaN, no duplicate keys; raise ``ValueError`` with the place and the reason."""
    value, end = _decode(text, _skip_space(text, 0))
    if _skip_space(text, end) != len(text):
        raise ValueError(f"more text after the value, at column {end + 1}")
    return value


def read_json(path: Path, file: str) -> Iterator[SourceRow | BadRow]:
    """Rows of a JSON file: an array of objects, or an object on each line."""
    with path.open("rb") as stream:
        start = stream.read(CHUNK).removeprefix(_BOM).lstrip()
    return read_json_array(path, file) if start.startswith(b"[") else read_json_lines(path, file)


def read_json_lines(path: Path, file: str) -> Iterator[SourceRow | BadRow]:
    """Rows of a file with one JSON object on each line; blank lines are passed over."""
    with path.open("rb") as stream:
        for number, line in enumerate(text_lines(stream), 1):
            if len(line) > MAX_ROW_BYTES:
                yield BadRow(file, number, "", "row_too_large", f"The line is longer than {MAX_ROW_BYTES:,} bytes.")
                continue
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                yield not_utf8(file, number, error)
                continue
            if text.isspace() or not text:
                continue
            try:
                value = parse_json(text)
            except ValueError as error:
                yield BadRow(file, number, "", "broken_json", f"Not valid JSON: {error}.")
                continue
            yield _row(file, number, value)


def read_json_array(path: Path, file: str) -> Iterator[SourceRow | BadRow]:
    """Rows of a file that holds one JSON array of objects; a row's line is the one it begins on."""
    if path.stat().st_size > MAX_ARRAY_BYTES:
        raise InvalidInput(
            "file_too_large",
            f"{file} is a JSON array of more than {MAX_ARRAY_BYTES >> 30} GiB.",
            "Write one object on each line (JSONL): that is read line by line, whatever its size.",
            file=file,
        )
    content = path.read_bytes().removeprefix(_BOM)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        yield not_utf8(file, content.count(b"\n", 0, error.start) + 1, error, ends_file=True)
        return
    counted, line = 0, 1

    def line_at(position: int) -> int:
        nonlocal counted, line
        line += text.count("\n", counted, position)
        counted = position
        return line

    position = _skip_space(text, _skip_space(text, 0) + 1)
    if text[position : position + 1] == "]":
        position = _skip_space(text, position + 1)
    else:
        while True:
            begins = line_at(position)
            try:
                value, end = _decode(text, position)
            except ValueError as error:
                place = error.place if isinstance(error, BrokenJSONError) else position
                yield BadRow(file, line_at(place), "", "broken_json", f"Not valid JSON: {error}.", ends_file=True)
                return
            yield _row(file, begins, value)
            position = _skip_space(text, end)
            separator = text[position : position + 1]
            position = _skip_space(text, position + 1)
            if separator == "]":
                break
            if separator != ",":
                message = "Not valid JSON: a ',' or the closing ']' of the array is missing."
                yield BadRow(file, line_at(end), "", "broken_json", message, ends_file=True)
                return
    if position != len(text):
        message = "Not valid JSON: more text after the array's closing ']'."
        yield BadRow(file, line_at(position), "", "broken_json", message, ends_file=True)


def text_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of a text file without a byte order mark; of a line over ``MAX_ROW_BYTES`` only the beginning."""
    first = True
    while line := stream.readline(MAX_ROW_BYTES + 1):
        if len(line) > MAX_ROW_BYTES and not line.endswith(b"\n"):
            while (rest := stream.readline(CHUNK)) and not rest.endswith(b"\n"):
                pass
        yield line.removeprefix(_BOM) if first else line
        first = False


def not_utf8(file: str, line: int, error: UnicodeDecodeError, ends_file: bool = False) -> BadRow:
    """The report on bytes that are no UTF-8 text."""
    byte = error.object[error.start]
    return BadRow(file, line, "", "not_utf8", f"Not UTF-8 text: byte 0x{byte:02x} ({error.reason}).", ends_file)


def _row(file: str, line: int, value: Any) -> SourceRow | BadRow:
    if isinstance(value, dict):
        return SourceRow(file, line, value)
    return BadRow(file, line, "", "not_an_object", f"A row is a JSON object, but this is a {type(value).__name__}.")


def _decode(text: str, position: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        raise BrokenJSONError(f"{error.msg[0].lower()}{error.msg[1:]} at column {error.colno}", error.pos) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _skip_space(text: str, position: int) -> int:
    found = _NO_SPACE.search(text, position)
    return found.start() if found else len(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:40]!r} is there twice")
    return members


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
