"""Tasks: what takes a while and is no job, such as adding a model, as a supervised ``modelops`` command of a server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops_server.tasks.command import run_command
    from modelops_server.tasks.manager import Task, TaskManager, TaskState

_HOMES = {"Task": "manager", "TaskManager": "manager", "TaskState": "manager", "run_command": "command"}

__all__ = ["PROGRESS", "Task", "TaskManager", "TaskState", "run_command"]

PROGRESS = "MODELOPS_PROGRESS"
"""Environment variable: ``json`` makes a command write its progress to standard error as lines of JSON."""


def __getattr__(name: str) -> Any:
    # Loaded on first use: the command line needs nothing but the name above.
    if name in _HOMES:
        return getattr(import_module(f"modelops_server.tasks.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
