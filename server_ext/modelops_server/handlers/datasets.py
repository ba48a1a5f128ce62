"""Datasets: list, look at before they are added, add."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from tornado.web import HTTPError

from modelops.names import check_name
from modelops_server.handlers.answers import datasets as answers
from modelops_server.handlers.answers.artifacts import ArtifactList
from modelops_server.handlers.answers.tasks import Task
from modelops_server.handlers.artifacts import KindQuery, page
from modelops_server.handlers.files import FileHandler
from modelops_server.handlers.operation import operation
from modelops_server.tasks import TaskManager, run_command

Format = Literal["auto", "messages", "sharegpt", "alpaca", "prompt-completion", "text"]

_PATH = "A file or folder below the server's root folder."


class DatasetInspection(BaseModel):
    """What to look at: a `path`, or a dataset of the registry by its `ref`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    path: str | None = Field(None, min_length=1, max_length=4096, description=_PATH)
    ref: str | None = Field(None, min_length=1, max_length=300)
    format: Format = "auto"
    model: str | None = Field(None, description="A model in the registry: tokens are counted with its tokenizer.")
    context: int | None = Field(None, ge=1, le=10**9, description="Rows that are longer are counted.")
    rows: int = Field(2, ge=0, le=1000, description="How many rows to show.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.path is None) == (self.ref is None):
            raise ValueError("give either path or ref")
        return self


class NewDataset(BaseModel):
    """What to add: a `path`, or an `example` that is made here."""

    model_config = ConfigDict(extra="forbid", strict=True)

    path: str | None = Field(None, min_length=1, max_length=4096, description=_PATH)
    example: Literal["pydoc"] | None = Field(None, description="Questions and answers from Python's documentation.")
    name: str = Field(min_length=1, max_length=96)
    format: Format = "auto"
    skip_bad_rows: bool = False
    test_fraction: float | None = Field(None, gt=0, lt=1)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.path is None) == (self.example is None):
            raise ValueError("give either path or example")
        return self


class DatasetsHandler(FileHandler):
    """``datasets``."""

    @operation("listDatasets", "read", "datasets", query=KindQuery, answer=ArtifactList)
    async def get(self, query: KindQuery) -> dict[str, Any]:
        """List datasets, newest first."""
        return await page(self, query, "dataset")

    @operation("addDataset", "write", "datasets", body=NewDataset, answer=Task, status=202)
    def post(self, body: NewDataset) -> dict[str, Any]:
        """Check, convert, sign and register a dataset.

        The task fails with code `bad_rows` when rows cannot be used, each named by file, line, field and reason.
        """
        name = check_name(body.name, "artifact name")
        tasks: TaskManager = self.settings["modelops_tasks"]
        if body.path is None:
            return tasks.start("add-dataset", name, "datasets", "make-pydoc", "--json", "--name", name).as_json()
        options = ["--format", body.format]
        if body.skip_bad_rows:
            options.append("--skip-bad-rows")
        if body.test_fraction is not None:
            options += ["--test-fraction", str(body.test_fraction)]
        path = str(self.existing(body.path))
        command = ("datasets", "add", "--json", "--name", name, *options, "--", path)
        return tasks.start("add-dataset", name, *command).as_json()


class InspectDatasetHandler(FileHandler):
    """``datasets/inspect``."""

    _inspecting: asyncio.Future[Any] | None = None

    @operation("inspectDataset", "read", "datasets", body=DatasetInspection, answer=answers.DatasetReport)
    async def post(self, body: DatasetInspection) -> Any:
        """First rows, statistics and lengths of a dataset, and the bad rows of a source; nothing is added."""
        options = ["--format", body.format, "--rows", str(body.rows)]
        if body.context is not None:
            options += ["--context", str(body.context)]
        if body.model is not None:
            options += ["--tokenizer", await self._exactly(body.model)]
        what = await self._exactly(body.ref) if body.ref is not None else str(self.existing(body.path or ""))
        # In a process of its own: a file may have millions of rows, and a tokenizer takes a second to import.
        command = run_command(self.home, "datasets", "inspect", "--json", *options, "--", what)
        self._inspecting = asyncio.ensure_future(command)
        try:
            return await self._inspecting
        except asyncio.CancelledError:
            raise HTTPError(HTTPStatus.REQUEST_TIMEOUT) from None  # nobody is there to read it

    def on_connection_close(self) -> None:
        """Called when the reader has gone away: nobody waits for the rest."""
        if self._inspecting is not None:
            self._inspecting.cancel()

    async def _exactly(self, ref: str) -> str:
        return await self.with_registry(lambda registry: registry.get(ref).ref)
