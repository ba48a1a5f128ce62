"""One `modelops` command as a child process: its progress, its result, and its end with everything it started."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from modelops.errors import ModelOpsError
from modelops.paths import StateHome
from modelops_server.processes import JOB_ID, die_with_parent, kill_job
from modelops_server.tasks import PROGRESS

Progress = Callable[[str, float | None], None]
"""Receives what is being done now, and how far it is, from 0 to 1, where that is known."""

# -P: what lies in the working directory is not imported.
_COMMAND = [sys.executable, "-P", "-c", "from modelops_server.cli.main import main; main()"]

_MOST_OUTPUT = 64_000_000
"""Bytes of JSON that a command may print."""
_MOST_LINE = 100_000
_GRACE = 2.0
"""Seconds that a command has to clean up after an interrupt."""


class CommandFailed(ModelOpsError):
    """A command said what is wrong; code, message and hint are its own."""

    @classmethod
    def saying(cls, document: dict[str, Any]) -> CommandFailed:
        """The error that a command printed as JSON."""
        facts = {name: value for name, value in document.items() if name not in {"code", "detail", "hint", "status"}}
        error = cls(str(document["code"]), str(document["detail"]), str(document.get("hint", "")), **facts)
        error.http_status = int(document.get("status", cls.http_status))  # type: ignore[misc]
        return error


def no_progress(text: str, fraction: float | None) -> None:
    """Progress that nobody follows."""


async def run_command(home: StateHome, *arguments: str, progress: Progress = no_progress) -> Any:
    """Run `modelops` with these arguments, of which `--json` is one, and return the document that it prints.

    When this coroutine is cancelled, the command is interrupted, and killed with all that it started if that does not
    end it. Raises what the command says is wrong, or ``CommandFailed`` with code ``command_failed``.
    """
    mark = f"task-{secrets.token_hex(8)}"
    # What a command takes for an artifact must not be there as a file: it would read that.
    home.scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        cwd=home.scratch,
        start_new_session=True,
        preexec_fn=die_with_parent,
        env={**os.environ, "MODELOPS_HOME": str(home.root), JOB_ID: mark, PROGRESS: "json"},
    )
    try:
        printed, last_lines = await asyncio.gather(_printed(process), _followed(process, progress))
        await process.wait()
    finally:
        await asyncio.shield(_end(process, mark))
    return _result(process.returncode, printed, last_lines)


async def _printed(process: Process) -> bytes:
    """Everything on standard output, up to a limit."""
    kept = bytearray()
    async for piece in _pieces(process.stdout):
        if len(kept) < _MOST_OUTPUT:
            kept += piece
    return bytes(kept)


async def _followed(process: Process, progress: Progress) -> list[str]:
    """The last lines on standard error that are no progress, once there are no more."""
    others: list[str] = []
    rest = b""
    async for piece in _pieces(process.stderr):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            step = _step(line)
            if step is not None:
                progress(*step)
            else:
                others = [*others[-9:], line.decode("utf-8", "replace")]
        rest = rest[-_MOST_LINE:]
    return others


async def _pieces(stream: asyncio.StreamReader | None) -> AsyncIterator[bytes]:
    while stream is not None and (piece := await stream.read(65_536)):
        yield piece


def _step(line: bytes) -> tuple[str, float | None] | None:
    try:
        document = json.loads(line)
        return str(document["text"]), document["fraction"]
    except (ValueError, KeyError, TypeError):
        return None


async def _end(process: Process, mark: str) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
        await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=_GRACE)
    # Whatever it started, however that hid itself; also when the command itself ended as it should.
    kill = partial(kill_job, mark, [process.pid] if process.returncode is None else ())
    await asyncio.to_thread(kill)
    await process.wait()


def _result(status: int | None, printed: bytes, last_lines: list[str]) -> Any:
    try:
        document = json.loads(printed)
    except ValueError:
        document = None
    if status == 0 and document is not None:
        return document
    if isinstance(document, dict) and {"code", "detail"} <= set(document):
        raise CommandFailed.saying(document)
    raise CommandFailed(
        "command_failed",
        f"The command ended with status {status} and did not say why.",
        "The Jupyter server's log may say more.",
        last_lines=last_lines,
    )
