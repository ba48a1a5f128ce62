"""Jobs from submission to their end, with real runners and kernels."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from modelops.registry import Build, Registry
from modelops_server.jobs.journal import read_events
from modelops_server.jobs.report import render_report

ADAPTER = (
    "from modelops import log_artifact, output_folder\n"
    "folder = output_folder('adapter')\n"
    "(folder / 'adapter_config.json').write_text('{}')\n"
    "log_artifact(folder, 'support-bot', 'adapter', {'rank': 8})"
)


@pytest.fixture
def chats(home: Any, tmp_path: Path) -> Any:
    """A registered dataset."""
    folder = tmp_path / "chats"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "train.jsonl").write_text('{"messages": []}\n')
    build = Build(build_type="import", parameters={}, dependencies=())
    return Registry(home).register(folder, name="chats", kind="dataset", metadata={}, build=build)


def test_what_a_job_declares_is_signed_with_everything_it_was_made_from(
    jobs: Any, notebook: Callable[..., Path], chats: Any
) -> None:
    path = notebook(
        ADAPTER,
        "print(dataset, rank)",
        parameters=("from modelops.templates import Dataset\n\ndataset: Dataset = 'chats'\nrank: int = 8"),
        name="tune",
    )
    job = jobs.run(path, {"rank": 16})

    assert (job.state, job.artifacts) == ("succeeded", ("support-bot@1",))
    assert jobs.log(job) == "chats@1 16\n"
    assert len((jobs.home.log / "entries").read_text().splitlines()) == 2, "the dataset and the adapter"
    with Registry(jobs.home).verified_open("support-bot@1") as opened:
        statement = opened.statement
        assert opened.artifact.job == job.id
        assert (opened.path / "adapter_config.json").read_text() == "{}"
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {"dataset": "chats@1", "rank": 16}
    inputs = {dependency["name"]: dependency for dependency in definition["resolvedDependencies"]}
    assert inputs["dataset"]["uri"] == "modelops:artifact/chats@1"
    assert inputs["dataset"]["digest"]["sha256"] == chats.digest
    assert inputs["template"]["uri"] == "modelops:template/tune"
    assert set(inputs) == {"template", "dataset", "environment"}
    byproducts = {item["name"] for item in statement["predicate"]["runDetails"]["byproducts"]}
    assert byproducts == {"output.ipynb", "environment.txt"}
    assert "papermill==" in (job.folder / "environment.txt").read_text()


def test_what_a_notebook_opens_by_itself_is_signed_as_an_input_too(
    jobs: Any, notebook: Callable[..., Path], chats: Any
) -> None:
    job = jobs.run(notebook("import modelops\nprint(modelops.open_artifact('chats').artifact.ref)", ADAPTER))

    assert job.state == "succeeded"
    lineage = Registry(jobs.home).lineage("support-bot@1")
    assert ("input", chats.digest) in {(edge.name, edge.source) for edge in lineage.edges}


def test_the_executed_notebook_is_whole_and_its_events_are_in_the_journal_only(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.run(
        notebook("from modelops import log_metric\nfor step in range(20):\n    log_metric(step, loss=1 / (step + 1))")
    )

    output = jobs.output(job)
    assert output.cells[0].outputs == []
    assert output.metadata.modelops.run == {"job": job.id, "attempt": 1, "partial": False}
    events = [event for _, event in read_events(job.folder)]
    assert [event["step"] for event in events if event["type"] == "metric"] == list(range(20))
    states = [event["state"] for event in events if event["type"] == "state"]
    assert states == ["starting", "running", "finalizing", "succeeded"]


def test_a_cells_exception_is_told_with_its_place_and_what_to_do(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(notebook("a = 1", "# Load the data\nimport no_such_package"))

    assert (job.state, job.reason.code) == ("failed", "cell_error")
    details = job.reason.details
    assert details["cell"] == {"index": 1, "number": 2, "total": 2, "first_line": "# Load the data"}
    assert (details["ename"], details["evalue"]) == ("ModuleNotFoundError", "No module named 'no_such_package'")
    assert "Install it" in job.reason.hint
    assert jobs.output(job).metadata.modelops.run.partial is True


def test_a_hint_names_the_job_in_its_command(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(notebook("raise ValueError('no')"))

    assert job.reason.hint.endswith(f"modelops jobs notebook {job.id}")
    assert job.attempt.reason.hint == job.reason.hint


def test_what_an_error_says_helps_is_the_hint_and_stands_in_the_notebook(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.run(notebook("import modelops\nmodelops.open_artifact('no-such-model')"))

    assert job.reason.details["ename"] == "NotFound"
    assert job.reason.hint == "See `modelops artifacts list`."
    [shown] = [output for output in jobs.output(job).cells[0].outputs if output.output_type == "error"]
    assert job.reason.hint in "\n".join(shown.traceback)


def test_a_secret_reaches_the_kernel_and_is_written_nowhere(
    jobs: Any, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", "do-not-write-me")
    path = notebook(
        "import os\nassert len(os.environ[token]) == 15\n" + ADAPTER,
        parameters="from modelops.templates import Secret\n\ntoken: Secret = 'SERVICE_TOKEN'",
    )
    job = jobs.run(path)

    assert job.state == "succeeded", job.reason
    written = [file for file in jobs.home.root.rglob("*") if file.is_file()]
    assert len(written) > 10
    assert not [file for file in written if b"do-not-write-me" in file.read_bytes()]


def test_the_kernel_works_where_the_job_was_submitted_and_knows_its_job(
    jobs: Any, notebook: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = jobs.run(notebook("import os\nprint(os.getcwd(), os.environ['MODELOPS_JOB_ID'])"))

    assert jobs.log(job) == f"{tmp_path} {job.id}\n"


def test_an_output_that_cannot_be_signed_fails_the_job_with_all_its_outputs(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.run(notebook(ADAPTER, "log_artifact(output_folder('empty'), 'nothing', 'report')"))

    assert (job.state, job.reason.code) == ("failed", "invalid_output")
    assert "holds no files" in job.reason.message
    assert Registry(jobs.home).list() == []


def test_a_running_job_is_cancelled_by_an_interrupt_that_lets_it_tidy_up(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.start(
        notebook(
            "import time\nprint('up', flush=True)\ntry:\n    time.sleep(600)\nfinally:\n    print('tidy')", "b = 1"
        )
    )
    jobs.until(lambda: "up" in jobs.log(job))

    jobs.queue.request_cancel(job.id)
    job = jobs.ended(job, seconds=10)

    assert (job.state, job.reason.code) == ("cancelled", "cancelled")
    assert "tidy" in jobs.log(job)
    assert jobs.output(job).metadata.modelops.run.partial is True


def test_a_job_that_ignores_the_interrupt_is_killed(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.start(
        notebook("import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('up')\ntime.sleep(600)")
    )
    jobs.until(lambda: "up" in jobs.log(job))

    jobs.queue.request_cancel(job.id)

    assert jobs.ended(job, seconds=10).state == "cancelled"


def test_a_starting_job_can_be_cancelled(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.submit(notebook("import time\ntime.sleep(600)"))
    jobs.scheduler.tick()
    assert jobs.queue.get(job.id).state == "starting"

    jobs.queue.request_cancel(job.id)

    assert jobs.ended(job, seconds=15).state == "cancelled"


def test_a_job_cancelled_while_it_finalizes_registers_nothing(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.submit(notebook(ADAPTER + "\nwith open(folder / 'weights.bin', 'wb') as f: f.truncate(300_000_000)"))
    jobs.until(lambda: jobs.queue.get(job.id).state == "finalizing")

    jobs.queue.request_cancel(job.id)
    job = jobs.ended(job, seconds=60)

    assert (job.state, job.artifacts) == ("cancelled", ())
    assert Registry(jobs.home).list() == []


def test_a_runner_that_is_told_to_stop_ends_interrupted(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.start(notebook("import time\ntime.sleep(600)"))

    os.kill(job.attempt.runner.pid, signal.SIGTERM)

    job = jobs.ended(job, seconds=10)
    assert (job.state, job.reason.code) == ("interrupted", "terminated")


def test_the_report_shows_outputs_but_runs_nothing_of_them(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(
        notebook(
            "from IPython.display import HTML\nHTML('<b>bold</b><script>alert(1)</script><img src=x onerror=alert(2)>')"
        )
    )

    page = render_report(job.folder)
    text = page.read_text()
    assert "<b>bold</b>" in text
    assert "<script>alert(1)" not in text
    assert "onerror=alert(2)>" not in text  # but in the cell's source, escaped
    made = page.stat().st_mtime_ns
    assert render_report(job.folder).stat().st_mtime_ns == made


def test_the_report_has_headings_and_heads_of_tables_and_loads_nothing(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    path = notebook(
        "from IPython.display import HTML\n"
        "HTML('<table><tr><th style=\"text-align: left; background: url(x)\">head</th></tr></table>')"
    )
    document = nbformat.read(path, as_version=4)
    document.cells.insert(0, nbformat.v4.new_markdown_cell("# Title\n\nText.\n\n![](https://example.org/x.png)"))
    nbformat.write(document, path)

    text = render_report(jobs.run(path).folder).read_text()

    assert '<h1 id="Title">Title' in text
    assert "<p>Text.</p>" in text
    assert '<th style="text-align: left;">head</th>' in text
    assert '<img src="https://example.org' not in text


def test_every_metric_of_a_cell_that_reports_as_fast_as_it_can_is_heard(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    path = notebook("from modelops import log_metric\nfor step in range(6000):\n    log_metric(step, loss=1.0)")

    job = jobs.run(path)

    steps = [event["step"] for _, event in read_events(job.folder) if event["type"] == "metric"]
    assert steps == list(range(6000))


def test_events_that_did_not_arrive_are_told_of(jobs: Any, notebook: Callable[..., Path]) -> None:
    lose = (
        "from modelops import events, log_metric\nlog_metric(1, loss=1.0)\nnext(events._numbers), next(events._numbers)"
    )
    job = jobs.ended(jobs.submit(notebook(lose, "log_metric(4, loss=1.0)\nlog_metric(5, loss=1.0)")))

    events = [event for _, event in read_events(job.folder) if event["type"] in {"metric", "note"}]
    assert [event.get("step") for event in events] == [1, None, 4, 5]
    assert events[1]["text"].startswith("Events lost before this one: 2.")
    assert not any("number" in event for event in events)
