"""Outputs that stay small: what a cell prints and shows is kept up to a limit, with a marker in place of the rest."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from modelops_server.jobs.running.messages import LEFT_OUT

_REWRITTEN = re.compile(r"[^\n]*\r(?=[^\r\n])")
_CHUNK = 32_768


@dataclass(frozen=True)
class OutputLimits:
    """How much of a notebook's output is kept, in characters; base64 text has 4 of them for 3 bytes."""

    text_per_cell: int = 1_000_000
    """Printed and plain text of one cell; of a longer one the beginning and the end are kept."""
    rich: int = 14_000_000
    """One image, table or other rich part: an image of 10 MB."""
    total: int = 100_000_000
    """All outputs of the notebook together."""
    outputs_per_cell: int = 2_000


class StreamText:
    """What a cell prints to one stream: beginning and end are kept, lines rewritten by a progress bar once."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head: list[str] = []
        self._head_size = 0
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._line = ""
        self.left_out = 0

    def append(self, text: str) -> None:
        """Add what was just printed."""
        text = self._line + text
        end = text.rfind("\n") + 1
        done, self._line = _collapsed(text[:end]), _collapsed(text[end:])
        if len(self._line) > _CHUNK:  # one endless line
            done, self._line = done + self._line, ""
        for start in range(0, len(done), _CHUNK):
            self._keep(done[start : start + _CHUNK])

    def _keep(self, piece: str) -> None:
        room = self._half - self._head_size
        if room > 0:
            self._head.append(piece[:room])
            self._head_size += len(piece[:room])
            piece = piece[room:]
        if not piece:
            return
        self._tail.append(piece)
        self._tail_size += len(piece)
        while self._tail_size > self._half and len(self._tail) > 1:
            oldest = len(self._tail.popleft())
            self._tail_size -= oldest
            self.left_out += oldest

    def __str__(self) -> str:
        parts = list(self._head)
        if self.left_out:
            parts.append(f"\n[… {self.left_out:,} characters left out; the job's log has more …]\n")
        return "".join([*parts, *self._tail, self._line])


def _collapsed(text: str) -> str:
    return _REWRITTEN.sub("", text) if "\r" in text else text


class OutputBudget:
    """Decides for one notebook which outputs are kept, and puts markers where they are not."""

    def __init__(self, limits: OutputLimits) -> None:
        self.limits = limits
        self._total = 0
        self._text = 0
        self._count = 0

    def next_cell(self) -> None:
        """Begin a new cell: its own limits start afresh."""
        self._text = self._count = 0

    def spend(self, size: int) -> bool:
        """Take ``size`` characters from the notebook's total; false when they are not there."""
        if self._total + size > self.limits.total:
            return False
        self._total += size
        return True

    def admit(self, output: NotebookNode) -> NotebookNode | None:
        """The output as it is kept: whole, with its oversized parts replaced by a marker, or ``None``."""
        self._count += 1
        if self._count > self.limits.outputs_per_cell:
            return None
        if self._count == self.limits.outputs_per_cell:
            text = f"[more than {self._count - 1:,} outputs: the rest was left out]\n"
            return NotebookNode(output_type="stream", name="stderr", text=text)
        if output["output_type"] == "error":
            output["traceback"] = [line[-_CHUNK:] for line in output["traceback"][-200:]]
            output["evalue"] = output["evalue"][:_CHUNK]
            return output
        if "data" in output:
            output["data"] = NotebookNode(self.admit_data(output["data"]))
        return output

    def admit_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """The parts of a rich output that fit; a marker as plain text where nothing else is left."""
        kept: dict[str, Any] = {}
        dropped: list[str] = []
        for mime, content in data.items():
            if isinstance(content, str) and content.startswith(LEFT_OUT):
                dropped.append(f"{mime} of {content.removeprefix(LEFT_OUT)} bytes")
                continue
            size = _size(content)
            if mime == "text/plain":
                self._text += size
                fits = self._text <= self.limits.text_per_cell
            else:
                fits = size <= self.limits.rich
            if fits and self.spend(size):
                kept[mime] = content
            else:
                dropped.append(f"{mime} of {size:,} characters")
        if dropped:
            note = f"[left out: {', '.join(dropped)}]"
            kept["text/plain"] = f"{kept['text/plain']}\n{note}" if "text/plain" in kept else note
        return kept


def _size(content: Any) -> int:
    if isinstance(content, str):
        return len(content)
    if isinstance(content, dict):
        return sum(len(str(name)) + _size(item) for name, item in content.items())
    return sum(map(_size, content)) if isinstance(content, list) else len(str(content))
