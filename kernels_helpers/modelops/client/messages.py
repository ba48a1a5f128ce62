"""Server-sent events of a job: parsed, and taken up again where they broke off."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from modelops.client.connection import ALIVE, Connection
from modelops.errors import Unavailable

_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the next attempt to connect again; the last one is repeated."""


@dataclass(frozen=True)
class Message:
    """One message of a job: an ``event`` of its journal, a piece of its ``log``, or its record as a ``job``.

    ``data`` is the event with its ``type`` (``metric``, ``progress``, ``cell`` …), ``{"text": …}``, or the record;
    ``id`` is where to go on after it.
    """

    kind: str
    data: dict[str, Any]
    id: str


def follow(
    connection: Connection,
    path: str,
    after: str = "",
    *,
    stop: Callable[[], bool] = lambda: False,
    deadline: float | None = None,
    patience: float = 60.0,
) -> Iterator[Message]:
    """The messages of a stream until it says that it has ended.

    A stream that breaks off is taken up after the last message that came; raises ``Unavailable`` when the server has
    not answered for ``patience`` seconds.
    """

    def over() -> bool:
        return stop() or (deadline is not None and time.monotonic() >= deadline)

    failures, heard = 0, time.monotonic()
    while not over():
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
        silence = ALIVE if deadline is None else min(ALIVE, deadline - time.monotonic())
        try:
            with connection.stream("GET", path, silence, headers=headers) as lines:
                for block in blocks(lines, after, over):
                    failures, heard, after = 0, time.monotonic(), block.id
                    if block.name == "end":
                        return
                    yield Message(block.name, json.loads(block.data), after)
        except Unavailable as error:
            if error.code != "unreachable" or (time.monotonic() - heard > patience and not over()):
                raise
        if not over():
            time.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1


@dataclass(frozen=True)
class Block:
    """One event of a stream, as it was sent."""

    name: str
    data: str
    id: str


def blocks(lines: Iterator[str], last: str = "", over: Callable[[], bool] = lambda: False) -> Iterator[Block]:
    """The events of a stream (HTML Living Standard, 9.2.6); comments only keep the connection alive."""
    name, data = "", list[str]()
    for line in lines:
        if over():
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                name = value
            case "data":
                data.append(value)
            case "id":
                last = value
            case "" if not line:
                if data:
                    yield Block(name or "message", "\n".join(data), last)
                name, data = "", []
