"""Reads documents one after the other, in a process that may be lost without losing more than one of them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Self

from modelops.errors import Unavailable
from modelops.rag.documents import Document, Skipped
from modelops.rag.reading.finding import FoundFile
from modelops.rag.reading.limits import ReadingLimits
from modelops.rag.reading.reasons import NotRead, Reason
from modelops.units import human_bytes


class Reader:
    """Reads files and URLs within limits. A context manager; its process starts with the first document."""

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self.limits = limits or ReadingLimits()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def read(self, document: FoundFile | str) -> Document | Skipped:
        """Read a file that was found, or a URL. Never raises for what is wrong with a document.

        Raises ``Unavailable`` (``package_missing``) where the extra ``rag`` is not installed.
        """
        source = document if isinstance(document, str) else document.source
        path = None if isinstance(document, str) else os.fsencode(document.path).hex()
        try:
            reply = self._ask({"source": source, "path": path, "limits": asdict(self.limits)})
        except NotRead as error:
            return error.of(source)
        if "unavailable" in reply:
            problem = reply["unavailable"]
            raise Unavailable(problem["code"], problem["detail"], problem["hint"])
        if "document" in reply:
            return Document(**{**reply["document"], "page_starts": tuple(reply["document"]["page_starts"])})
        return Skipped(source, reply["reason"], reply["sentence"])

    def close(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        connection = self._started()
        try:
            connection.send_bytes(json.dumps(request).encode())
            answered = connection.poll(self.limits.seconds)
            reply: dict[str, Any] | None = json.loads(connection.recv_bytes()) if answered else None
        except (EOFError, OSError) as error:
            code = self._lost()
            memory = human_bytes(self.limits.memory_bytes)
            raise NotRead(
                Reason.PARSER_FAILED, f"Its parser crashes on it ({code}); it may need more than {memory} of memory."
            ) from error
        except BaseException:
            self.close()  # its answer would be taken for that to the next question
            raise
        if reply is None:
            self.close()
            raise NotRead(
                Reason.TIME_LIMIT, f"It was not read after {self.limits.seconds:g} s. Raise the limit, or leave it out."
            )
        return reply

    def _started(self) -> Connection:
        if self._connection is None:
            here, there = Pipe()
            with there:
                self._process = subprocess.Popen(
                    # -P: a docx.py beside the notebook is not the package that reads Word files.
                    [sys.executable, "-P", "-m", "modelops.rag.reading.worker", str(there.fileno())],
                    pass_fds=[there.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,  # parsers talk
                    stderr=subprocess.DEVNULL,
                )
            self._connection = here
        return self._connection

    def _lost(self) -> str:
        process = self._process
        code = None
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(timeout=5)
        self.close()
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
