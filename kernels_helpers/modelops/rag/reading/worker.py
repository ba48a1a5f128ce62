"""``python -m modelops.rag.reading.worker FD``: parses documents in a process of its own, one after the other.

A parser that loops, eats memory or crashes takes this process with it, and nothing else. Requests and answers are JSON:
whoever takes over a parser is not to be handed the process that asked as well.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from modelops.errors import Unavailable
from modelops.rag.reading.fetching import fetch
from modelops.rag.reading.files import read_bytes
from modelops.rag.reading.limits import ReadingLimits
from modelops.rag.reading.parsing import parse
from modelops.rag.reading.reasons import NotRead, Reason

_GRACE = 5
"""Seconds after its time limit at which this process ends itself, should nobody be left to end it."""


def answer(request: dict[str, Any], limits: ReadingLimits) -> dict[str, Any]:
    """The document or the reason of one request, as JSON."""
    source = request["source"]
    try:
        if request["path"] is not None:
            path = Path(os.fsdecode(bytes.fromhex(request["path"])))
            document = parse(source, read_bytes(path, limits), limits, name=path.name)
        else:
            got = fetch(source, limits)
            document = parse(source, got.raw, limits, name=got.name, declared=got.media_type, charset=got.charset)
    except NotRead as error:
        return {"reason": error.reason, "sentence": error.sentence}
    except Unavailable as error:
        return {"unavailable": error.as_json()}
    except MemoryError:
        return {"reason": Reason.OUT_OF_MEMORY, "sentence": "It takes too much memory to parse."}
    except Exception as error:  # noqa: BLE001 - parsers meet every malformed document there is
        kind = "is nested too deeply" if isinstance(error, RecursionError) else f"raises {type(error).__name__}"
        return {"reason": Reason.PARSER_FAILED, "sentence": f"Its parser fails on it: it {kind}."}
    return {"document": asdict(document)}


def serve(connection: Connection) -> None:
    """Answer requests until there are no more."""
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except EOFError:
            return
        limits = ReadingLimits(**request["limits"])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        memory = limits.memory_bytes if most == resource.RLIM_INFINITY else min(limits.memory_bytes, most)
        resource.setrlimit(resource.RLIMIT_AS, (memory, most))
        signal.setitimer(signal.ITIMER_REAL, limits.seconds + _GRACE)  # its signal is not handled: it ends the process
        reply = json.dumps(answer(request, limits)).encode()
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send_bytes(reply)


if __name__ == "__main__":
    with Connection(int(sys.argv[1])) as asked:
        serve(asked)
