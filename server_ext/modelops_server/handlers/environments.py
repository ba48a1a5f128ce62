"""Environments: list, make and remove."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from modelops_server.environments import environment, environments
from modelops_server.environments.creation import remove
from modelops_server.handlers.answers import environments as answers
from modelops_server.handlers.answers.tasks import Task
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.operation import operation
from modelops_server.jobs.in_use import refuse_in_use
from modelops_server.tasks import TaskManager


class NewEnvironment(BaseModel):
    """How to make it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    again: bool = Field(default=False, description="Make it anew where it is there already.")


class EnvironmentsHandler(ModelOpsHandler):
    """``environments``."""

    @operation("listEnvironments", "read", "environments", answer=answers.EnvironmentList)
    async def get(self) -> dict[str, Any]:
        """List the environments that templates may need: what each costs, and whether it is there."""
        found = await self.slowly(lambda: [item.as_json() for item in environments(self.home)])
        return {"environments": found}


class EnvironmentHandler(ModelOpsHandler):
    """``environments/{name}``."""

    @operation("createEnvironment", "execute", "environments", body=NewEnvironment, answer=Task, status=202)
    def post(self, name: str, body: NewEnvironment) -> dict[str, Any]:
        """Make an environment and its kernel."""
        wanted = environment(self.home, name).name
        tasks: TaskManager = self.settings["modelops_tasks"]
        options = ["--json", *(["--again"] if body.again else [])]
        return tasks.start("create-environment", wanted, "env", "create", *options, "--", wanted).as_json()

    @operation("removeEnvironment", "write", "environments", status=HTTPStatus.NO_CONTENT)
    async def delete(self, name: str) -> None:
        """Remove an environment and its kernel; refused while a job uses it."""
        found = environment(self.home, name)
        await self.with_queue(lambda queue: refuse_in_use(found, queue))
        await self.slowly(remove, found)
