"""The engine under plain papermill: no job, no journal, the same truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import load_notebook_node

from modelops.events import MIME
from modelops_server.jobs.running.engine import ModelOpsEngine
from modelops_server.jobs.running.execution import ExecutionOptions
from modelops_server.jobs.running.outputs import OutputLimits
from modelops_server.jobs.states import AttemptEnded


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where the executed notebook goes."""
    return tmp_path / "executed.ipynb"


@pytest.fixture
def execute(output: Path) -> Callable[..., nbformat.NotebookNode]:
    """Executes a notebook with papermill and our engine, and returns what was saved."""

    def run(path: Path, parameters: dict[str, Any] | None = None) -> nbformat.NotebookNode:
        papermill.execute_notebook(path, output, parameters, engine_name="modelops", progress_bar=False)
        return nbformat.read(output, as_version=4)

    return run


def _execute(path: Path, output: Path, options: ExecutionOptions) -> nbformat.NotebookNode:
    return ModelOpsEngine.execute_notebook(
        load_notebook_node(str(path)), "python3", output_path=str(output), progress_bar=False, job_options=options
    )


def test_papermill_finds_the_engine_and_passes_parameters(
    notebook: Callable[..., Path], execute: Callable[..., nbformat.NotebookNode]
) -> None:
    executed = execute(notebook("print(rank * 2)", parameters="rank: int = 8"), {"rank": 21})

    assert executed.cells[-1].outputs[0].text == "42\n"
    assert executed.metadata.modelops.run == {"partial": False}
    assert {cell.metadata.papermill.status for cell in executed.cells} == {"completed"}


def test_outside_of_a_job_events_stay_displays(
    notebook: Callable[..., Path], execute: Callable[..., nbformat.NotebookNode]
) -> None:
    executed = execute(notebook("from modelops import log_note\nlog_note('hello')\nlog_note('again')"))

    # Each of its own: the second must not take the first one's place, as a metric's next value does.
    assert [shown.data["text/plain"] for shown in executed.cells[0].outputs] == ["hello", "again"]
    assert {shown.data[MIME]["type"] for shown in executed.cells[0].outputs} == {"note"}


def test_a_cells_exception_is_papermills_own_error_and_the_rest_stays_pending(
    notebook: Callable[..., Path], execute: Callable[..., nbformat.NotebookNode], output: Path
) -> None:
    with pytest.raises(PapermillExecutionError, match="ZeroDivisionError"):
        execute(notebook("1 / 0", "never = True"))

    saved = nbformat.read(output, as_version=4)
    statuses = [cell.metadata.papermill.status for cell in saved.cells if "papermill" in cell.metadata]
    assert statuses == ["failed", "pending"]
    assert saved.metadata.modelops.run.partial is True


@pytest.mark.parametrize("leave", ["import sys; sys.exit(0)", "import os; os._exit(0)"])
def test_leaving_early_is_an_error_where_papermill_itself_sees_a_success(
    notebook: Callable[..., Path], execute: Callable[..., nbformat.NotebookNode], leave: str
) -> None:
    with pytest.raises(AttemptEnded, match="ended itself in cell 1 of 2"):
        execute(notebook(leave, "never = True"))


def test_an_error_that_a_cell_is_allowed_does_not_end_the_run(notebook: Callable[..., Path], output: Path) -> None:
    path = notebook("1 / 0", "after = True")
    document = json.loads(path.read_text())
    document["cells"][0]["metadata"]["tags"] = ["raises-exception"]
    path.write_text(json.dumps(document))

    executed = _execute(path, output, ExecutionOptions())

    assert executed.cells[0].outputs[-1].ename == "ZeroDivisionError"
    assert executed.cells[1].execution_count == 2


def test_a_flood_of_output_is_capped_and_the_run_goes_on(notebook: Callable[..., Path], output: Path) -> None:
    path = notebook(
        "for number in range(50_000): print('line', number)",
        "import sys\nfor n in range(50):\n    print(n)\n    print(n, file=sys.stderr)",
        "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('kept')",
        "from IPython.display import HTML, display\nhandle = display(HTML('x'), display_id=True)\n"
        "for n in range(9): handle.update(HTML('y' * n * 1_000))",
    )

    executed = _execute(path, output, ExecutionOptions(limits=OutputLimits(text_per_cell=10_000, rich=5_500)))

    flood, streams, cleared, updated = executed.cells
    assert "characters left out" in flood.outputs[0].text
    assert flood.outputs[0].text.endswith("line 49999\n")
    assert len(flood.outputs[0].text) < 100_000
    assert sorted(stream.name for stream in streams.outputs) == ["stderr", "stdout"]
    assert streams.outputs[0].text.count("\n") == 50
    assert [stream.text for stream in cleared.outputs] == ["kept\n"]
    assert "left out: text/html" in updated.outputs[0].data["text/plain"]
    nbformat.validate(nbformat.read(output, as_version=4))


def test_no_sockets_are_left_behind(
    notebook: Callable[..., Path],
    execute: Callable[..., nbformat.NotebookNode],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sockets = tmp_path / "sockets"
    sockets.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(sockets))

    execute(notebook("1"))

    assert list(sockets.iterdir()) == []
