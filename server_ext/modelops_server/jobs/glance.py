"""How far a job is, or got, from the end of its journal alone: a list of jobs looks at many of them at once."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from modelops.client.progress import Progress
from modelops_server.jobs.journal import EVENTS, read_events
from modelops_server.jobs.records import Job
from modelops_server.jobs.states import ACTIVE, State

_END = 65_536
"""Bytes of the journal that are read: some hundred events."""


def glance(job: Job) -> dict[str, Any]:
    """``progress`` of the running work, and the ``latest`` metrics of a job that has begun; otherwise ``None``."""
    if job.state in ACTIVE:
        seen = _seen(job.folder)
        return {"progress": _progress(seen), "latest": _numbers(seen)}
    return {"progress": None, "latest": _last(job.folder, job.finished) if job.started else None}


@lru_cache(maxsize=4096)
def _last(folder: Path, finished: str | None) -> dict[str, float]:  # noqa: ARG001 - ended, its journal stays as it is
    return _numbers(_seen(folder))


def _seen(folder: Path) -> Progress:
    seen = Progress()
    for event in _last_events(folder):
        if event.get("type") == "state" and event.get("state") == State.STARTING:
            seen = Progress()  # what an earlier attempt reported does not count
        elif _well_formed(event):
            seen.take(event)
    return seen


def _numbers(seen: Progress) -> dict[str, float]:
    return {name: value for name, value in seen.metrics.items() if isinstance(value, int | float)}


def _last_events(folder: Path) -> list[dict[str, Any]]:
    try:
        begin = max(0, (folder / EVENTS).stat().st_size - _END)
        # It may begin inside a line, which then is no event.
        return [event for _, event in read_events(folder, begin)]
    except OSError:
        return []


def _well_formed(event: dict[str, Any]) -> bool:
    """Whether an event is what the library reports: any notebook may report anything."""
    match event.get("type"):
        case "progress":
            return isinstance(event.get("time"), int | float) and isinstance(event.get("done"), int | float)
        case "metric":
            return isinstance(event.get("values"), dict)
        case "cell":
            return {"status", "number", "total", "first_line"} <= set(event)
        case _:
            return False


def _progress(seen: Progress) -> dict[str, Any] | None:
    if seen.work is None:
        return None
    total = seen.work.get("total")
    return {
        "phase": str(seen.work.get("phase", "")),
        "done": seen.work["done"],
        "total": total if isinstance(total, int | float) else None,
        "unit": str(seen.work.get("unit", "")),
        "seconds_left": seen.seconds_left(time.time()),
    }
