"""How far a job at work is, from the end of its journal alone: a list of jobs looks at many of them at once."""

from __future__ import annotations

import time
from typing import Any

from modelops.client.progress import Progress
from modelops_server.jobs.journal import EVENTS, read_events
from modelops_server.jobs.records import Job
from modelops_server.jobs.states import ACTIVE, State

_END = 65_536
"""Bytes of the journal that are read: some hundred events."""


def glance(job: Job) -> dict[str, Any]:
    """``progress`` of the running work and the ``latest`` metrics; both ``None`` of a job that waits or has ended."""
    if job.state not in ACTIVE:
        return {"progress": None, "latest": None}
    seen = Progress()
    for event in _last_events(job):
        if event.get("type") == "state" and event.get("state") == State.STARTING:
            seen = Progress()  # what an earlier attempt reported does not count
        elif _well_formed(event):
            seen.take(event)
    return {
        "progress": _progress(seen),
        "latest": {k: v for k, v in seen.metrics.items() if isinstance(v, int | float)},
    }


def _last_events(job: Job) -> list[dict[str, Any]]:
    try:
        begin = max(0, (job.folder / EVENTS).stat().st_size - _END)
        # It may begin inside a line, which then is no event.
        return [event for _, event in read_events(job.folder, begin)]
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
