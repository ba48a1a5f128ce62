"""Jobs: notebooks executed one runner process each, always ending in the truth."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops_server.jobs.queue.queue import Queue
    from modelops_server.jobs.records import Job
    from modelops_server.jobs.spec import JobOptions
    from modelops_server.jobs.states import Reason, ReasonCode, State
    from modelops_server.jobs.submission import submit
    from modelops_server.jobs.supervision.scheduler import Scheduler

_HOMES = {
    "Job": "records",
    "JobOptions": "spec",
    "Queue": "queue.queue",
    "Reason": "states",
    "ReasonCode": "states",
    "Scheduler": "supervision.scheduler",
    "State": "states",
    "submit": "submission",
}

__all__ = ["Job", "JobOptions", "Queue", "Reason", "ReasonCode", "Scheduler", "State", "submit"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: the runner must not pay for what submits jobs, nor the command line for the runner.
    if name in _HOMES:
        return getattr(import_module(f"modelops_server.jobs.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
