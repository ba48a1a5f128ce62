"""Two jobs side by side, whatever state they are in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.registry import Build, Registry
from modelops_server.jobs.comparison import Comparison, compare_jobs
from modelops_server.jobs.notebook_diff import diff_cells, read_sources
from modelops_server.jobs.running.environment import FILE

TRAIN = "from modelops import log_metric\nfor step in range(3):\n    log_metric(step, loss=3.0 / rank - step / 10)"


def pairs(comparison: Comparison, section: str) -> dict[str, Any]:
    return {pair.name: pair for pair in getattr(comparison, section)}


def write(path: Path, *cells: tuple[str, str], tags: str = "") -> dict[str, Any]:
    """A notebook's sources, of cells given by id and source; the first is tagged."""
    document = [
        {"cell_type": "code", "id": name, "metadata": {"tags": [tags] if tags and not n else []}, "source": source}
        for n, (name, source) in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": document}))
    return read_sources(path)


@pytest.fixture
def dataset(home: Any, tmp_path: Path) -> Callable[[str], Any]:
    """Registers a dataset whose content is a text."""

    def register(text: str) -> Any:
        folder = tmp_path / "chats"
        (folder / "data").mkdir(parents=True, exist_ok=True)
        (folder / "data" / "train.jsonl").write_text(text)
        build = Build(build_type="import", parameters={}, dependencies=())
        return Registry(home).register(folder, name="chats", kind="dataset", metadata={}, build=build)

    return register


def test_parameters_inputs_metrics_and_cells_of_two_runs(
    jobs: Any, notebook: Callable[..., Path], dataset: Callable[[str], Any]
) -> None:
    parameters = "from modelops.templates import Dataset\n\ndataset: Dataset = 'chats'\nseed: int = 1\nrank: int = 8"
    opening = "import modelops\nwith modelops.open_artifact('notes@1'): pass"
    first = dataset("one\n")
    folder = jobs.home.root / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    notes = Registry(jobs.home).register(
        folder, name="notes", kind="report", metadata={}, build=Build("import", {}, ())
    )
    a = jobs.run(notebook(TRAIN, "done = 1", opening, parameters=parameters))
    second = dataset("two\n")
    b = jobs.run(notebook(TRAIN, "done = 2", opening, parameters=parameters), {"rank": 16})

    found = compare_jobs(a, b)

    assert [pair.name for pair in found.parameters] == ["dataset", "rank", "seed"]
    rank = pairs(found, "parameters")["rank"]
    assert (rank.a, rank.b, rank.differs) == (8, 16, True)
    inputs = pairs(found, "inputs")
    assert [side[0]["digest"] for side in (inputs["dataset"].a, inputs["dataset"].b)] == [first.digest, second.digest]
    assert inputs["opened notes"].a == [{"ref": "notes@1", "digest": notes.digest}]
    assert not inputs["opened notes"].differs
    assert found.environment == ()
    [loss] = found.metrics
    assert loss.a == {"count": 3, "last": 0.175, "min": 0.175, "max": 0.375}
    assert loss.difference == pytest.approx(-0.1875)
    resources = pairs(found, "resources")
    assert (resources["state"].a, resources["reason"].b) == ("succeeded", None)
    assert resources["seconds"].a > 0
    [change] = found.cells
    assert (change.change, change.a, change.b) == ("changed", 3, 3)
    assert change.diff == ("@@ -1 +1 @@", "-done = 1", "+done = 2")
    assert found.missing == ()
    json.dumps(found.as_json(), allow_nan=False)


def test_a_job_that_failed_beside_one_that_was_cancelled_in_the_queue(jobs: Any, notebook: Callable[..., Path]) -> None:
    failed = jobs.run(notebook("import modelops\nmodelops.log_metric(1, loss=float('nan'))", "1 / 0"))
    cancelled = jobs.queue.request_cancel(jobs.submit(notebook("1")).id)

    found = compare_jobs(failed, cancelled)

    resources = pairs(found, "resources")
    assert (resources["reason"].a, resources["reason"].b) == ("cell_error", "cancelled")
    assert (resources["seconds"].b, resources["attempts"].b) == (None, 0)
    assert found.environment is None
    [loss] = found.metrics
    assert (loss.a["last"], loss.b, loss.difference) == ("nan", None, None)
    assert [(item.job, item.what) for item in found.missing] == [
        (cancelled.id, "environment"),
        (cancelled.id, "executed notebook"),
    ]


def test_a_running_job_is_compared_as_far_as_it_is(jobs: Any, notebook: Callable[..., Path]) -> None:
    running = jobs.start(notebook("import time\ntime.sleep(60)"))

    found = compare_jobs(running, running)

    assert pairs(found, "resources")["state"].a == "running"
    assert "the rest" in {item.what for item in found.missing}


def test_packages_that_were_added_removed_or_changed(jobs: Any, notebook: Callable[..., Path]) -> None:
    a, b = jobs.submit(notebook("1")), jobs.submit(notebook("1"))
    (a.folder / FILE).write_text("# Python 3.11.7 on Linux\nold==1\nsame==1\nmoved==1.0\n")
    (b.folder / FILE).write_text("# Python 3.12.1 on Linux\nnew==1\nsame==1\nmoved==2.0\n")

    found = pairs(compare_jobs(a, b), "environment")

    assert {name: (pair.a, pair.b) for name, pair in found.items()} == {
        "Python": ("3.11.7", "3.12.1"),
        "old": ("1", None),
        "moved": ("1.0", "2.0"),
        "new": (None, "1"),
    }


def test_only_the_last_attempt_counts(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.submit(notebook("1"))
    events = [
        {"type": "state", "state": "starting"},
        {"type": "metric", "values": {"loss": 9.0, "gone": 1.0}},
        {"type": "state", "state": "starting"},
        {"type": "metric", "values": {"loss": 2.0}},
    ]
    (job.folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))

    [loss] = compare_jobs(job, job).metrics

    assert loss.a == {"count": 1, "last": 2.0, "min": 2.0, "max": 2.0}


def test_cells_are_paired_across_those_that_were_added_and_removed(tmp_path: Path) -> None:
    a = write(tmp_path / "a", ("p", "x = 1"), ("l", "load()\nclean()"), ("t", "train(1)\nsave()"), ("s", "show()"))
    b = write(tmp_path / "b", ("p", "x = 1"), ("n", "import json"), ("l", "load()\nclean()"), ("t", "train(2)\nsave()"))

    found = [(change.change, change.a, change.b, change.diff[1:]) for change in diff_cells(a, b)]

    assert found == [
        ("added", None, 2, ("+import json",)),
        ("changed", 3, 4, ("-train(1)", "+train(2)", " save()")),
        ("removed", 4, None, ("-show()",)),
    ]


def test_cells_that_say_the_same_under_another_id_are_the_same(tmp_path: Path) -> None:
    a = write(tmp_path / "a", ("one", "x = 1"), ("two", "y = x + 1"))
    b = write(tmp_path / "b", ("three", "x = 1"), ("four", "y = x + 1"))

    assert diff_cells(a, b) == ()


def test_injected_parameters_are_no_change_of_the_sources(tmp_path: Path) -> None:
    a = write(tmp_path / "a", ("i", "rank = 8"), ("t", "train()"), tags="injected-parameters")
    b = write(tmp_path / "b", ("i", "rank = 9"), ("t", "train()"), tags="injected-parameters")

    assert diff_cells(a, b) == ()
