"""Where attempts run: executors are entry points of the group ``modelops.executors``."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Protocol

from modelops.errors import NotFound
from modelops_server.jobs.records import Job

GROUP = "modelops.executors"


class Executor(Protocol):
    """Starts the runner of a claimed attempt, and can say whether one that it started has ended."""

    def start(self, job: Job) -> None:
        """Start ``job``'s runner for its present epoch; it outlives this process."""

    def reap(self) -> None:
        """Collect runners that have ended."""


def executor_names() -> list[str]:
    """The executors that are installed."""
    return sorted({point.name for point in entry_points(group=GROUP)} | {"local"})


def load_executor(name: str) -> Executor:
    """A new executor; raises ``NotFound`` when none of this name is installed."""
    if name == "local":
        from modelops_server.jobs.executors.local import LocalExecutor

        return LocalExecutor()
    for point in entry_points(group=GROUP, name=name):
        executor: Executor = point.load()()
        return executor
    raise NotFound(
        "unknown_executor", f"There is no executor {name!r}.", f"Choose one of: {', '.join(executor_names())}."
    )
