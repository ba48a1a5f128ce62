"""Messages from a kernel that do not fill the runner's memory, whatever a cell prints or shows in one piece."""

from __future__ import annotations

import json
import re
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.session import Session

LEFT_OUT = "modelops: not read, bytes: "
"""What begins a text that stands for a picture or the like that was not read; its size follows."""

_WAITING = 4
"""Messages that are received before they are wanted; the others wait in the kernel."""
_WHOLE = 16_000_000
"""Bytes up to which a message, and a text in it, are read whole: an image of 10 MB has 14 million characters."""
_KEPT = 6_000_000
"""Bytes of a longer text that are read, of its beginning and of its end."""

_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_LINE_END = re.compile(rb"[^\\](?:\\\\)*\\n")
_HALF_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?$")


def bounded_context() -> zmq.asyncio.Context:
    """A context whose sockets take few messages in advance."""
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.RCVHWM, _WAITING)
    return context


class BoundedSession(Session):
    """Jupyter's session, but for texts of many megabytes: of these only the beginning and the end are read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(unpacker="modelops_server.jobs.running.messages.unpack", **options)


def unpack(content: bytes | memoryview) -> Any:
    """A message's JSON, with long texts cut, and pictures and the like replaced by ``LEFT_OUT`` with their size."""
    raw = bytes(content)
    return json.loads(raw if len(raw) <= _WHOLE else _shortened(raw))


def _shortened(raw: bytes) -> bytes:
    pieces, done, name = [], 0, b""
    for match in _TEXT.finditer(raw):
        start, end = match.span()
        if end - start > _WHOLE:
            pieces += [raw[done:start], _cut(raw, start, end) if _is_text(name) else _left_out(end - start)]
            done = end
        else:
            name = raw[start : min(end, start + 100)]
    return b"".join([*pieces, raw[done:]])


def _is_text(name: bytes) -> bool:
    return not name.startswith((b'"image/', b'"application/', b'"audio/', b'"video/'))


def _left_out(size: int) -> bytes:
    return json.dumps(f"{LEFT_OUT}{size:,}").encode()


def _cut(raw: bytes, start: int, end: int) -> bytes:
    """The JSON text at ``raw[start:end]`` without its middle; neither characters nor escapes are torn."""
    head = raw[start : start + _KEPT].decode("utf-8", "ignore")
    backslashes = len(head) - len(head.rstrip("\\"))
    if backslashes % 2 or not backslashes:
        head = _HALF_ESCAPE.sub("", head)
    # The end begins with a line; where there is none, with nothing.
    line = _LINE_END.search(raw, end - _KEPT, end - 1)
    tail = raw[line.end() if line else end - 1 : end]
    return f"{head}\\n[… {end - start - len(head.encode()) - len(tail):,} bytes left out …]\\n".encode() + tail
