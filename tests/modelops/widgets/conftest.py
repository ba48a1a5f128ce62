"""Widgets of a real server's jobs, whose messages to the front end are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comm
import nbformat
import pytest
from comm.base_comm import BaseComm
from nbformat.v4 import new_code_cell, new_notebook
from scripted_endpoint import ScriptedEndpoint

from modelops import Client

PARAMETERS = """
steps: Annotated[int, Field(ge=1, le=1000)] = 12  # Steps to take
report: str = "tiny-report"  # Name of what comes out
data: Dataset | None = None  # What is read
# --- More ---
fail: bool = False  # End with an error
"""
CODE = """
import modelops
print("begins")
for step in range(1, steps + 1):
    modelops.log_metric(step, loss=2 / step)
    modelops.log_progress(step, steps, "steps", "training")
if fail:
    raise ValueError("*exploded* <b>")
folder = modelops.output_folder("report")
(folder / "report.md").write_text("fine")
modelops.log_artifact(folder, report, "report")
"""
IMPORTS = "from typing import Annotated\nfrom pydantic import Field\nfrom modelops.templates import Dataset"


@pytest.fixture(scope="module")
def client(running_server: Any) -> Iterator[Client]:
    with Client(running_server.url, running_server.token) as client:
        yield client


@pytest.fixture(scope="module")
def tiny(running_server: Any) -> Path:
    """A notebook that measures, reports and makes an artifact, at once."""
    cells = [new_code_cell(IMPORTS), new_code_cell(PARAMETERS.strip(), metadata={"tags": ["parameters"]})]
    path: Path = running_server.root / "tiny.ipynb"
    nbformat.write(
        new_notebook(cells=[*cells, new_code_cell(CODE)], metadata={"modelops": {"title": "A tiny run"}}), path
    )
    return path


@pytest.fixture(scope="module")
def finished(client: Client, tiny: Path) -> Any:
    """A job that has succeeded."""
    return client.run(tiny).wait(progress=False)


class FrontEnd:
    """The other end of the widgets' comms: what arrives there, and what it says."""

    def __init__(self) -> None:
        self.comms: list[BaseComm] = []
        self.messages: list[dict[str, Any]] = []

    def create_comm(self, *args: Any, **options: Any) -> BaseComm:
        """What the kernel does; the package `comm` is made for being told so."""
        front_end = self

        class Comm(BaseComm):
            def publish_msg(self, msg_type: str, data: Any = None, *args: Any, **options: Any) -> None:
                if data and data.get("method") == "custom":
                    front_end.messages.append(json.loads(json.dumps(data["content"])))

        self.comms.append(Comm(*args, **options))
        return self.comms[-1]

    def say(self, widget: Any, **content: Any) -> None:
        """Send a message to a widget, and return when it was answered."""
        self._deliver(widget, {"method": "custom", "content": content})

    def change(self, widget: Any, **state: Any) -> None:
        """Change traits of a widget, and return when that was answered."""
        self._deliver(widget, {"method": "update", "state": state, "buffer_paths": []})

    def _deliver(self, widget: Any, data: dict[str, Any]) -> None:
        widget.comm.handle_msg({"content": {"data": data}, "buffers": []})
        widget._worker.submit(lambda: None).result(30)


@pytest.fixture
def front_end(monkeypatch: pytest.MonkeyPatch) -> FrontEnd:
    end = FrontEnd()
    monkeypatch.setattr(comm, "create_comm", end.create_comm)
    return end


@pytest.fixture
def scripted() -> Iterator[ScriptedEndpoint]:
    scripted = ScriptedEndpoint(["Once ", "upon ", "a ", "time ", "…"], pause=0.15)
    yield scripted
    scripted.close()
