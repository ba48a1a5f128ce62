"""What went wrong in a cell: from an exception or a dead kernel to a reason that a person can act on."""

from __future__ import annotations

import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.errors import ModelOpsError
from modelops.files import out_of_space
from modelops_server.jobs.states import AttemptEnded, ReasonCode

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_OUT_OF_MEMORY_NAMES = frozenset({"MemoryError", "_ArrayMemoryError", "OutOfMemoryError"})
_OUT_OF_MEMORY_TEXT = ("out of memory", "can't allocate memory", "Cannot allocate memory", "Unable to allocate")


@dataclass(frozen=True)
class CellPlace:
    """Which cell: its index in the notebook, and that it is code cell ``number`` of ``total``."""

    index: int
    number: int
    total: int
    first_line: str

    def as_json(self) -> dict[str, Any]:
        return {"index": self.index, "number": self.number, "total": self.total, "first_line": self.first_line}

    def __str__(self) -> str:
        return f"cell {self.number} of {self.total} ({self.first_line})"


def first_line(source: str) -> str:
    """The line of a cell by which a person recognises it."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    return lines[0][:100] if lines else ""


def from_error(place: CellPlace, ename: str, evalue: str, traceback: list[str]) -> AttemptEnded:
    """The end of an attempt whose cell raised an exception."""
    evalue = plain(evalue)[:4000]
    code, hint = _classify(ename, evalue)
    if code is ReasonCode.EARLY_EXIT:
        message = f"The notebook ended itself in {place}: {ename}({evalue})."
    else:
        message = f"{ename} in {place}: {evalue.splitlines()[0] if evalue else 'no message'}"
    if code is ReasonCode.CELL_ERROR:
        hint = _note(ename, traceback) or hint
    tail = plain("\n".join(traceback)).splitlines()[-30:]
    return AttemptEnded.failed(code, message, hint, cell=place.as_json(), ename=ename, evalue=evalue, traceback=tail)


def _note(ename: str, traceback: list[str]) -> str:
    """What an exception notes on itself, such as what helps: IPython shows it behind the message."""
    lines = [plain(part) for part in traceback]
    place = max((number for number, line in enumerate(lines) if line.startswith(f"{ename}:")), default=len(lines))
    return " ".join(" ".join(lines[place + 1 :]).split())[:1000]


def early_exit(place: CellPlace, how: str) -> AttemptEnded:
    """The end of an attempt whose notebook left before its last cell was done."""
    return AttemptEnded.failed(
        ReasonCode.EARLY_EXIT, f"The notebook ended itself in {place}: {how}.", _EARLY_EXIT_HINT, cell=place.as_json()
    )


def from_dead_kernel(place: CellPlace | None, status: int | None, killed_for_memory: bool) -> AttemptEnded:
    """The end of an attempt whose kernel process is gone; ``status`` as of ``subprocess``."""
    where = f"in {place}" if place else "before the first cell"
    details: dict[str, Any] = {"exit_status": status}
    if place:
        details["cell"] = place.as_json()
    if killed_for_memory and status == -signal.SIGKILL:
        return AttemptEnded.failed(
            ReasonCode.OUT_OF_MEMORY,
            f"The machine ran out of memory {where}, and the system killed the kernel.",
            _MEMORY_HINT,
            **details,
        )
    if status == 0 and place:
        return early_exit(place, "its process exited with status 0")
    if status is not None and status < 0:
        how = f"was killed by {_signal_name(-status)}"
    else:
        how = "is gone" if status is None else f"exited with status {status}"
    return AttemptEnded.failed(
        ReasonCode.KERNEL_DIED,
        f"The kernel {how} {where}.",
        "The log's last lines may say more; a crash in native code leaves no traceback.",
        **details,
    )


def from_os_error(error: OSError, output: Path) -> AttemptEnded:
    """The end of an attempt whose record at ``output`` could not be written."""
    if not out_of_space(error):
        return unexpected(error)
    free = shutil.disk_usage(output.parent).free
    needed = output.stat().st_size if output.exists() else 0
    return AttemptEnded.failed(
        ReasonCode.DISK_FULL,
        f"No space left at {output.parent}: {needed:,} bytes are needed, {free:,} are free.",
        "Free some space, then run the job again.",
        needed_bytes=needed,
        free_bytes=free,
    )


def unexpected(error: Exception) -> AttemptEnded:
    """The end of an attempt in which something happened that should not: a fault of ours, or of the machine."""
    hint = "The file runner.log in the job's folder has the traceback."
    if isinstance(error, ModelOpsError):
        hint = error.hint or hint
    return AttemptEnded.failed(ReasonCode.INTERNAL_ERROR, f"{type(error).__name__}: {error}", hint)


def plain(text: str) -> str:
    """Text without the escape codes that colour a terminal."""
    return _ANSI.sub("", text)


_EARLY_EXIT_HINT = "A job must run to its last cell: leave a cell by raising an error, not by exiting."
_MEMORY_HINT = "Use a smaller batch, a shorter context, a smaller model or method=qlora; or a machine with more memory."


def _classify(ename: str, evalue: str) -> tuple[ReasonCode, str]:
    if ename == "SystemExit":
        return ReasonCode.EARLY_EXIT, _EARLY_EXIT_HINT
    if ename == "NonFinite":
        return ReasonCode.NON_FINITE, "Lower the learning rate, clip the gradients, or train in a wider float type."
    if ename in _OUT_OF_MEMORY_NAMES or any(text in evalue for text in _OUT_OF_MEMORY_TEXT):
        return ReasonCode.OUT_OF_MEMORY, _MEMORY_HINT
    if "[Errno 28]" in evalue or "No space left on device" in evalue:
        return ReasonCode.DISK_FULL, "Free some space, then run the job again."
    if ename == "ModuleNotFoundError":
        return ReasonCode.CELL_ERROR, "Install it in the kernel's environment, or choose another one with --kernel."
    if ename == "StdinNotImplementedError":
        return ReasonCode.CELL_ERROR, "Nobody answers a job's input(): make it a parameter."
    if ename == "FileNotFoundError":
        return ReasonCode.CELL_ERROR, "Relative paths start at the folder that the job was submitted from."
    return ReasonCode.CELL_ERROR, "Open the executed notebook at that cell: modelops jobs notebook ID"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
