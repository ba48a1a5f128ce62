"""Tasks: what was asked for and takes a while."""

from __future__ import annotations

from typing import Any

from modelops_server.handlers.answers import tasks as answers
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.operation import operation
from modelops_server.tasks import TaskManager


class TaskHandlerBase(ModelOpsHandler):
    """Knows the server's tasks."""

    @property
    def tasks(self) -> TaskManager:
        manager: TaskManager = self.settings["modelops_tasks"]
        return manager


class TasksHandler(TaskHandlerBase):
    """``tasks``."""

    @operation("listTasks", "read", "tasks", answer=answers.TaskList)
    def get(self) -> dict[str, Any]:
        """List the tasks of this server, the newest first; it forgets them when it stops."""
        return {"tasks": [task.as_json() for task in self.tasks.list()]}


class TaskHandler(TaskHandlerBase):
    """``tasks/{id}``."""

    @operation("getTask", "read", "tasks", answer=answers.Task)
    def get(self, id: str) -> dict[str, Any]:
        """A task, how far it is, and what came of it."""
        return self.tasks.get(id).as_json()


class CancelTaskHandler(TaskHandlerBase):
    """``tasks/{id}/cancel``."""

    @operation("cancelTask", "write", "tasks", answer=answers.Task)
    async def post(self, id: str) -> dict[str, Any]:
        """End a task with everything it started; one that has ended stays as it is."""
        return (await self.tasks.cancel(id)).as_json()
