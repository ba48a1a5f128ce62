"""What a job's folder holds behind a position, as server-sent events."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from modelops.errors import InvalidInput
from modelops_server.jobs.journal import LOG, parse_event, read_events, read_lines

BATCH = 1 << 18
"""Bytes of a job's folder that are read at once, and so what a reader costs in memory, whatever waits for it."""

_PIECES = 4
"""Messages of the log that fill a batch."""

_LINE_ENDS = (
    (b"\r", b" "),  # in JSON a space: inside of strings it is escaped
    # Not to server-sent events, but to what many libraries offer for reading lines.
    ("\x85".encode(), rb"\u0085"),
    ("\u2028".encode(), rb"\u2028"),
    ("\u2029".encode(), rb"\u2029"),
)
"""What ends a line somewhere, and how JSON writes it on one."""


@dataclass(frozen=True, order=True)
class Position:
    """How far somebody has read: byte offsets into ``events.jsonl`` and ``log.txt``, written ``EVENTS.LOG``."""

    events: int = 0
    log: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``EVENTS.LOG`` or ``EVENTS``; raises ``InvalidInput`` with code ``invalid_position``."""
        found = re.fullmatch(r"([0-9]{1,12})(?:\.([0-9]{1,12}))?", text)
        if found is None:
            raise InvalidInput(
                "invalid_position",
                f"{text[:100]!r} is not a position in a job's events.",
                "Send the id of the last message that arrived, such as 2048.512, or none at all.",
            )
        return cls(int(found[1]), int(found[2] or 0))

    def __str__(self) -> str:
        return f"{self.events}.{self.log}"


@dataclass(frozen=True)
class Batch:
    """Messages, the position behind the last one, and whether nothing else was there."""

    messages: bytes
    position: Position
    whole: bool


def read_batch(folder: Path, start: Position, *, last: bool = False, size: int = BATCH) -> Batch:
    """The next messages for a reader at ``start``: all events that there are, and then the log.

    What comes next follows from the position alone, so a reader that comes back gets what it would have got. Half a
    line, and half a character of the log, are left until the rest is there, or, with ``last``, will never be.
    """
    messages: list[bytes] = []
    read, events = 0, start.events
    for after, line in read_lines(folder, start.events):
        read += after - events
        events = after
        if parse_event(line) is not None:
            messages.append(_message("event", line.rstrip(b"\n"), Position(events, start.log)))
        if read >= size:
            return Batch(b"".join(messages), Position(events, start.log), whole=False)
    log = start.log
    while read < size:
        text, taken = _log_piece(folder, log, size // _PIECES, last=last)
        if not taken:
            return Batch(b"".join(messages), Position(events, log), whole=True)
        read += taken
        log += taken
        messages.append(message("log", {"text": text}, Position(events, log)))
    return Batch(b"".join(messages), Position(events, log), whole=False)


def read_page(folder: Path, start: Position, limit: int) -> dict[str, Any]:
    """Up to ``limit`` events behind ``start``, each with the position after it, and the position of the next page."""
    events: list[dict[str, Any]] = []
    after = start
    for offset, event in read_events(folder, start.events):
        after = Position(offset, start.log)
        events.append({"after": str(after), "event": event})
        if len(events) == limit:
            break
    return {"events": events, "next": str(after)}


def log_end(folder: Path, tail: int) -> int:
    """The offset of a line's beginning in the log, at most ``tail`` bytes before its end."""
    path = folder / LOG
    if not path.exists() or (start := path.stat().st_size - tail) <= 0:
        return 0
    with path.open("rb") as stream:
        stream.seek(start - 1)
        while (line := stream.readline(BATCH)) and not line.endswith(b"\n"):
            continue
        return stream.tell()


def message(event: str, content: dict[str, Any], position: Position | None = None) -> bytes:
    """One server-sent event; with a position, the one from which a reader goes on that has received it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return _message(event, text.encode("utf-8", "backslashreplace"), position)


def _message(event: str, content: bytes, position: Position | None) -> bytes:
    for end, escaped in _LINE_ENDS:
        content = content.replace(end, escaped)
    place = b"" if position is None else b"id: %d.%d\n" % (position.events, position.log)
    return b"%bevent: %b\ndata: %b\n\n" % (place, event.encode(), content)


def _log_piece(folder: Path, offset: int, size: int, *, last: bool) -> tuple[str, int]:
    """Text of the log from ``offset`` on, and how many bytes it takes there; never a part of a character."""
    try:
        with (folder / LOG).open("rb") as stream:
            stream.seek(offset)
            piece = stream.read(size)
    except FileNotFoundError:
        return "", 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(piece)
    begun = len(decoder.getstate()[0])
    if last and begun == len(piece):  # a writer died within its last character
        return decoder.decode(b"", final=True), begun
    return text, len(piece) - begun
