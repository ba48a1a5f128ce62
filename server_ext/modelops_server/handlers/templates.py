"""Templates: the notebooks that can be run as jobs, and the form of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from modelops_server.handlers.answers import templates as answers
from modelops_server.handlers.files import FileHandler
from modelops_server.handlers.operation import operation


class NotebookPath(BaseModel):
    """Any notebook."""

    model_config = ConfigDict(extra="forbid", strict=True)

    path: str = Field(min_length=1, max_length=4096, description="Below the server's root folder.")


class TemplatesHandler(FileHandler):
    """``templates``."""

    @operation("listTemplates", "read", "templates", answer=answers.TemplateList)
    async def get(self) -> dict[str, Any]:
        """List the templates of this installation and of the user."""
        from modelops.templates import Catalog

        entries = await self.slowly(Catalog(self.home).entries)
        return {"templates": [entry.as_json() for entry in entries if entry.shadowed_by is None]}


class TemplateHandler(FileHandler):
    """``templates/{name}``."""

    @operation("getTemplate", "read", "templates", answer=answers.Template)
    async def get(self, name: str) -> dict[str, Any]:
        """A template with the JSON Schema of its parameters."""
        from modelops.names import check_name
        from modelops.templates import find_template

        # A name and never a path: notebooks elsewhere are read by `templates/inspect`, which confines them.
        template = await self.slowly(find_template, check_name(name, "template name"), self.home)
        return template.as_json()


class InspectTemplateHandler(FileHandler):
    """``templates/inspect``."""

    @operation("inspectNotebook", "read", "templates", body=NotebookPath, answer=answers.Template)
    async def post(self, body: NotebookPath) -> dict[str, Any]:
        """Read any notebook as a template, without executing it."""
        from modelops.templates import load_template

        path: Path = self.confined(body.path)
        template = await self.slowly(load_template, path)
        return {**template.as_json(), "path": self.relative(path)}
