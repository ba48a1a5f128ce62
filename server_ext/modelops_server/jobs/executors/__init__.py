"""Where attempts run: executors are entry points of the group ``modelops.executors``."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Protocol

from modelops.errors import NotFound
from modelops.paths import StateHome
from modelops_server.jobs.records import Job
from modelops_server.processes import Identity

GROUP = "modelops.executors"


class Executor(Protocol):
    """Starts the runners of claimed attempts. Made with the state home and the number of runners to keep ready."""

    def start(self, job: Job) -> Identity | None:
        """Start ``job``'s runner for its present epoch; it outlives this process.

        Returns the process, if it is one of this machine: should it die before it reports, that is known at once.
        """

    def maintain(self) -> None:
        """Do what is to be done now and then: collect runners that have ended, keep others ready."""

    def close(self) -> None:
        """End what only this process needs; runners at work go on."""


def executor_names() -> list[str]:
    """The executors that are installed."""
    return sorted({point.name for point in entry_points(group=GROUP)} | {"local"})


def load_executor(name: str, home: StateHome, standby: int = 0) -> Executor:
    """A new executor that keeps ``standby`` runners ready, if it can; raises ``NotFound`` for an unknown name."""
    if name == "local":
        from modelops_server.jobs.executors.local import LocalExecutor

        return LocalExecutor(home, standby)
    for point in entry_points(group=GROUP, name=name):
        executor: Executor = point.load()(home, standby)
        return executor
    raise NotFound(
        "unknown_executor", f"There is no executor {name!r}.", f"Choose one of: {', '.join(executor_names())}."
    )
