"""A job's journal: ``events.jsonl`` for programs and ``log.txt`` for people; both only ever grow."""

from __future__ import annotations

import codecs
import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from modelops.files import out_of_space
from modelops_server.jobs.states import Reason, State

EVENTS = "events.jsonl"
LOG = "log.txt"

POLL_INTERVAL = 0.02
"""Seconds between two looks at the size of a journal that is being followed."""
_END_INTERVAL = 0.1
"""Seconds between two questions whether the job has ended, which cost a query each."""

_MOST_WAITING = 8_000_000
"""Bytes that a writer keeps while the disk is full."""

_LONGEST_LINE = 1 << 20
"""Bytes that a reader takes for one line: no writer of ours makes a longer one."""


@dataclass(frozen=True)
class JournalLimits:
    """How much a job may write, in bytes, before the rest is left out with a marker."""

    log: int = 100_000_000
    events: int = 100_000_000
    event: int = 256_000


class Journal:
    """The writing end; each event is one whole line, appended by one system call, so a reader never sees half of it."""

    def __init__(self, folder: Path, limits: JournalLimits | None = None) -> None:
        self._limits = limits or JournalLimits()
        self._events = _Appender(folder / EVENTS, self._limits.events)
        self._log = _Appender(folder / LOG, self._limits.log)

    def event(self, type: str, /, **fields: Any) -> None:
        """Append one event, stamped with the time (seconds since the epoch)."""
        self.record({"type": type, "time": time.time(), **fields})

    def record(self, event: dict[str, Any], *, always: bool = False) -> None:
        """Append an event as it came; one that is too large is left out, with a note in its place.

        ``always`` writes it even when the journal is full, as artifacts are: how the job ended, and what it made, must
        not get lost.
        """
        line = _line(event)
        always = always or event.get("type") in {"artifact", "input"}
        if len(line) > self._limits.event:
            text = f"An event of {len(line)} bytes was left out."
            line = _line({"type": "note", "time": time.time(), "level": "warning", "text": text})
        if self._events.room < len(line) and not always:
            if not self._events.full:
                self._events.full = True
                text = "The journal is full: further events are left out."
                self._events.append(_line({"type": "note", "time": time.time(), "level": "warning", "text": text}))
            return
        self._events.append(line)

    def state(self, state: State, attempt: int, reason: Reason | None = None) -> None:
        """Append a change of the job's state."""
        event = {"type": "state", "time": time.time(), "state": state, "attempt": attempt}
        self.record({**event, "reason": reason.as_json()} if reason else event, always=True)

    def log(self, text: str) -> None:
        """Append what the notebook printed."""
        content = text.encode("utf-8", "backslashreplace")
        if self._log.room < len(content):
            if not self._log.full:
                self._log.full = True
                self._log.append(content[: max(self._log.room, 0)] + b"\n[the log is full: the rest was left out]\n")
            return
        self._log.append(content)

    def close(self) -> None:
        """Make both files durable and close them."""
        self._events.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Appender:
    """Appends to a file; while the disk is full, what was to be written is kept, up to a limit."""

    def __init__(self, path: Path, limit: int) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._waiting = bytearray()
        self.room = limit - os.fstat(self._descriptor).st_size
        self.full = False
        if self._ends_inside_a_line(path):
            # A writer died within its last line; whoever goes on must not continue that line.
            self.append(b"\n")

    def append(self, content: bytes) -> None:
        self.room -= len(content)
        if len(self._waiting) < _MOST_WAITING:
            self._waiting += content
        try:
            while self._waiting:
                del self._waiting[: os.write(self._descriptor, self._waiting)]
        except OSError as error:
            # A job that does well is not to fail because nothing can be told of it just now.
            if not out_of_space(error):
                raise

    def close(self) -> None:
        self.append(b"")
        os.fsync(self._descriptor)
        os.close(self._descriptor)

    def _ends_inside_a_line(self, path: Path) -> bool:
        size = os.fstat(self._descriptor).st_size
        if not size:
            return False
        with path.open("rb") as stream:
            stream.seek(size - 1)
            return stream.read(1) != b"\n"


def read_events(folder: Path, offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """The events from byte ``offset`` on, each with the offset after it; an unfinished line is left for later."""
    for after, line in read_lines(folder, offset):
        event = parse_event(line)
        if event is not None:
            yield after, event


def read_lines(folder: Path, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """The whole lines of the events from byte ``offset`` on, each with the offset after it, as they were written."""
    try:
        stream = (folder / EVENTS).open("rb")
    except FileNotFoundError:
        return
    with stream:
        stream.seek(offset)
        while line := stream.readline(_LONGEST_LINE):
            if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
                return
            offset += len(line)
            yield offset, line


def follow_events(folder: Path, ended: Callable[[], bool], offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """Events as they are written, until ``ended()``; what was written before the end is always yielded."""
    for _ in _growths(folder / EVENTS, ended):
        for after, event in read_events(folder, offset):
            offset = after
            yield after, event


def follow_log(folder: Path, ended: Callable[[], bool], offset: int = 0) -> Iterator[str]:
    """Pieces of the log as they are written, until ``ended()``."""
    path = folder / LOG
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for _ in _growths(path, ended):
        if path.exists():
            with path.open("rb") as stream:
                stream.seek(offset)
                while piece := stream.read(1 << 16):
                    offset += len(piece)
                    yield decoder.decode(piece)


def _growths(path: Path, ended: Callable[[], bool]) -> Iterator[None]:
    """Yields at first, whenever the file has grown, and once more after ``ended()``."""
    seen = -1
    next_question = 0.0
    while True:
        if time.monotonic() >= next_question:
            if ended():
                yield
                return
            next_question = time.monotonic() + _END_INTERVAL
        with contextlib.suppress(FileNotFoundError):
            if (size := path.stat().st_size) != seen:
                seen = size
                yield
        time.sleep(POLL_INTERVAL)


def log_tail(folder: Path, lines: int = 20) -> list[str]:
    """The last lines of a job's log."""
    return last_lines(folder / LOG, lines)


def last_lines(path: Path, lines: int = 20) -> list[str]:
    """The last lines of a text file, of which not more than its end is read; none when there is no file."""
    if not path.exists():
        return []
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 65_536))
        return stream.read().decode("utf-8", "replace").splitlines()[-lines:]


def _line(event: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_as_json(event), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _as_json(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become text, as in the progress protocol."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, dict):
        return {name: _as_json(item) for name, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list) else value


def parse_event(line: bytes) -> dict[str, Any] | None:
    """The event in a line, or ``None`` when it holds none."""
    try:
        event = json.loads(line)
    except ValueError:
        return None  # half a line that a killed writer left behind
    return event if isinstance(event, dict) else None
