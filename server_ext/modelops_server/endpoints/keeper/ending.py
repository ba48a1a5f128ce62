"""Why an engine ended, in words, from its exit status and its last lines."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from modelops.units import human_bytes
from modelops_server.endpoints.status import Reason

_TAIL = 4000
_SAID = re.compile(r"^error: (.+)$|^.*\b(?:error|Error|ASSERT|failed)\b.*$", re.MULTILINE)


def engine_ended(title: str, status: int | None, log: Path, begun: int, *, for_memory: bool) -> Reason:
    """The reason of an engine that ended by itself; what it wrote begins at byte ``begun`` of the log."""
    if for_memory:
        return Reason(
            code="out_of_memory",
            detail=f"{title} was killed because the machine had no memory left.",
            hint="Choose a shorter --context, a smaller --parallel or a quantized model.",
        )
    said = _last_words(log, begun)
    how = f"was killed by {signal.Signals(-status).name}" if status is not None and status < 0 else f"ended ({status})"
    return Reason(
        code="engine_ended",
        detail=f"{title} {how}{f': {said}' if said else '.'}",
        hint="The endpoint's log says more: modelops endpoints log NAME",
    )


def over_limit(title: str, used: int, limit: int) -> Reason:
    """The reason of an engine that took more memory than it may."""
    return Reason(
        code="out_of_memory",
        detail=f"{title} used {human_bytes(used)} of memory; its limit is {human_bytes(limit)}.",
        hint="Raise --max-memory, or choose a shorter --context or a smaller --parallel.",
    )


def hung(title: str, seconds: float) -> Reason:
    """The reason of an engine that no longer answered."""
    return Reason(
        code="engine_hung",
        detail=f"{title} did not answer for {seconds:.0f} seconds, and was killed.",
        hint="The endpoint's log says more: modelops endpoints log NAME",
    )


def _last_words(log: Path, begun: int) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(max(begun, stream.seek(0, 2) - _TAIL))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
    found = list(_SAID.finditer(text))
    if not found:
        return ""
    return (found[-1][1] or found[-1][0].strip())[:300]
