"""Answers of ``tasks``."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from modelops_server.handlers.answers.artifacts import Artifact
from modelops_server.handlers.answers.base import Answer, Time
from modelops_server.handlers.answers.environments import Environment
from modelops_server.handlers.answers.problems import Details

TaskState = TypeAliasType("TaskState", Literal["running", "succeeded", "failed", "cancelled"])


class TaskProgress(Answer):
    """How far a task is."""

    text: str
    fraction: float | None = Field(description="From 0 to 1; `null` while it cannot be told.")


class TaskResult(Artifact):
    """The artifact that is there now."""

    model_config = ConfigDict(extra="allow")

    new: bool = Field(description="False where the same content was there already: no new version.")


class Task(Answer):
    """Something that takes a while and is not a job: it lives as long as the server."""

    id: str
    kind: Literal["add-model", "add-dataset", "create-environment"]
    name: str = Field(description="Of what it makes.")
    state: TaskState
    progress: TaskProgress
    result: TaskResult | Environment | None
    problem: Details | None
    created: Time
    finished: Time | None


class TaskList(Answer):
    """The tasks of this server, newest first."""

    tasks: list[Task]
