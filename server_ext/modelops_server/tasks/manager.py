"""The tasks of one server: each a `modelops` command, whose progress is kept, and which is killed with the server."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from modelops.errors import ModelOpsError, NotFound, Unavailable
from modelops.paths import StateHome
from modelops_server.jobs.records import now
from modelops_server.tasks.command import run_command

_log = logging.getLogger("modelops.tasks")

MOST_RUNNING = 8
"""Tasks that run at once: each is a process that reads or downloads as fast as it can."""
MOST_KEPT = 100
"""Ended tasks that are still listed."""

TaskKind = Literal["add-model", "add-dataset", "create-environment"]


class TaskState(StrEnum):
    """Where a task is; all but the first are its end."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class Task:
    """One command that was asked for."""

    id: str
    kind: TaskKind
    name: str
    """Of what it makes."""
    state: TaskState = TaskState.RUNNING
    text: str = "Starting"
    fraction: float | None = None
    result: dict[str, Any] | None = None
    """The document that the command printed."""
    problem: ModelOpsError | None = None
    created: str = field(default_factory=now)
    finished: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The task as the API shows it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "state": self.state.value,
            "progress": {"text": self.text, "fraction": self.fraction},
            "result": self.result,
            "problem": self.problem.as_json() if self.problem else None,
            "created": self.created,
            "finished": self.finished,
        }


class TaskManager:
    """Starts, follows and ends tasks; for use on the event loop alone. Nothing of it outlives the server."""

    def __init__(self, home: StateHome, on_active: Callable[[], None] = lambda: None) -> None:
        """``on_active`` is called when a task starts, tells something or ends."""
        self._home = home
        self._on_active = on_active
        self._tasks: dict[str, Task] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, kind: TaskKind, name: str, *arguments: str) -> Task:
        """Start `modelops` with these arguments; raises ``Unavailable`` when too many tasks run."""
        if len(self._running) >= MOST_RUNNING:
            raise Unavailable(
                "too_many_tasks", f"{MOST_RUNNING} tasks run already.", "Wait until one has ended, or cancel it."
            )
        task = Task(f"task-{secrets.token_hex(6)}", kind, name)
        self._tasks[task.id] = task
        running = asyncio.get_running_loop().create_task(self._run(task, arguments))
        running.add_done_callback(lambda _: self._ended(task))
        self._running[task.id] = running
        self._forget()
        self._on_active()
        return task

    def get(self, task_id: str) -> Task:
        """The task with this id; raises ``NotFound``."""
        if task_id not in self._tasks:
            raise NotFound(
                "unknown_task", f"There is no task {task_id!r}.", "Tasks are forgotten when the server is stopped."
            )
        return self._tasks[task_id]

    def list(self) -> list[Task]:
        """All tasks, the newest first."""
        return list(reversed(self._tasks.values()))

    async def cancel(self, task_id: str) -> Task:
        """End a task with everything it started; one that has ended stays as it is."""
        task = self.get(task_id)
        running = self._running.get(task_id)
        if running is not None:
            running.cancel()
            await asyncio.wait([running])
        return task

    async def stop(self) -> None:
        """End all tasks: the server stops."""
        for running in self._running.values():
            running.cancel()
        if self._running:
            await asyncio.wait(self._running.values())

    async def _run(self, task: Task, arguments: tuple[str, ...]) -> None:
        def tell(text: str, fraction: float | None) -> None:
            task.text, task.fraction = text, fraction
            self._on_active()

        try:
            task.result = await run_command(self._home, *arguments, progress=tell)
            task.state = TaskState.SUCCEEDED
        except ModelOpsError as error:
            task.state, task.problem = TaskState.FAILED, error
        except OSError as error:
            _log.warning("A command could not be started: %s", error)
            task.state = TaskState.FAILED
            task.problem = Unavailable("command_failed", f"The command could not be started: {error.strerror}.")

    def _ended(self, task: Task) -> None:
        # Also one that was cancelled before it had begun, of which nothing has run.
        if task.state is TaskState.RUNNING:
            task.state = TaskState.CANCELLED
        task.finished = now()
        del self._running[task.id]
        self._on_active()

    def _forget(self) -> None:
        ended = [task_id for task_id in self._tasks if task_id not in self._running]
        for task_id in ended[: len(ended) - MOST_KEPT]:
            del self._tasks[task_id]
