"""Jobs through the client: run, wait, watch, cancel, try again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops import Client
from modelops.client import JobFailed
from modelops.errors import Unavailable

Notebooks = Callable[..., Path]

MEASURING = (
    "import modelops\n"
    "for step in range(rows):\n"
    "    modelops.log_metric(step, loss=2.0 / (step + 1))\n"
    "    modelops.log_progress(step + 1, rows)\n"
    "print('done with', rows)"
)
SLEEPING = "import time\nprint('up', flush=True)\ntime.sleep(600)"


@pytest.fixture(scope="module")
def measured(running_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A job that has measured five steps, made an artifact, and succeeded."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    making = (
        "folder = modelops.output_folder('report')\n(folder / 'report.md').write_text('fine')\n"
        "modelops.log_artifact(folder, 'measured-report', 'report')"
    )
    cells = [
        new_code_cell("rows: int = 3  # Steps", metadata={"tags": ["parameters"]}),
        new_code_cell(MEASURING),
        new_code_cell(making),
    ]
    path = running_server.root / "measuring.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return Client(running_server.url, running_server.token).run(path, {"rows": 5}, wait=True)


def test_run_waits_until_the_job_has_succeeded(measured: Any) -> None:
    assert measured.record["state"] == "succeeded"
    assert measured.state == "succeeded"


def test_a_job_tells_everything_that_happened(measured: Any) -> None:
    messages = list(measured.events())

    assert messages[0].kind == "job"
    assert [message.data["state"] for message in messages if message.kind == "job"][-1] == "succeeded"
    metrics = [message.data for message in messages if message.kind == "event" and message.data["type"] == "metric"]
    assert [event["step"] for event in metrics] == [0, 1, 2, 3, 4]
    assert "".join(message.data["text"] for message in messages if message.kind == "log") == "done with 5\n"


def test_events_go_on_after_the_message_that_came_last(measured: Any) -> None:
    told = [message for message in measured.events() if message.kind == "event"]

    rest = [message for message in measured.events(after=told[3].id) if message.kind == "event"]

    assert rest == told[4:]


def test_metrics_are_columns_of_equal_length(measured: Any) -> None:
    columns = measured.metrics()

    assert columns["step"] == [0, 1, 2, 3, 4]
    assert columns["loss"] == [2.0, 1.0, 2.0 / 3, 0.5, 0.4]
    assert len(columns["time"]) == 5


def test_the_log_and_its_end(measured: Any) -> None:
    assert measured.log() == "done with 5\n"
    assert measured.log(tail=1).strip() == "done with 5"


def test_what_a_job_has_made_can_be_verified(measured: Any) -> None:
    (artifact,) = measured.artifacts

    assert (artifact.ref, artifact.kind) == ("measured-report@1", "report")
    assert [file["path"] for file in artifact.files] == ["report.md"]
    assert artifact.verify()["verified"] is True
    assert artifact.read("report.md") == b"fine"


def test_the_executed_notebook_can_be_read(measured: Any) -> None:
    assert b"done with 5" in measured.notebook()


def test_jobs_are_listed(client: Client, measured: Any) -> None:
    assert measured.id in [job.id for job in client.jobs.list(state="succeeded", search="measuring")]


def test_waiting_shows_a_line_of_progress(measured: Any, capsys: pytest.CaptureFixture[str]) -> None:
    measured.wait()

    assert "succeeded" in capsys.readouterr().out


def test_a_job_that_fails_says_why(client: Client, served_notebook: Notebooks) -> None:
    job = client.run(served_notebook("raise ValueError('no such thing')", name="failing"))

    with pytest.raises(JobFailed) as failure:
        job.wait(progress=False)

    assert failure.value.code == "cell_error"
    assert "no such thing" in failure.value.message
    assert job.wait(progress=False, check=False).record["state"] == "failed"


def test_a_failed_job_is_tried_again_with_changes(client: Client, served_notebook: Notebooks) -> None:
    path = served_notebook("assert rows > 3", parameters="rows: int = 3", name="picky")
    job = client.run(path).wait(progress=False, check=False)

    assert job.retry({"rows": 4}).wait(progress=False).record["state"] == "succeeded"


def test_a_job_can_be_cancelled(client: Client, served_notebook: Notebooks) -> None:
    job = client.run(served_notebook(SLEEPING, name="sleeping"))
    next(message for message in job.events() if message.kind == "log")

    job.cancel()

    assert job.wait(progress=False, check=False).record["state"] == "cancelled"


def test_waiting_ends_at_its_time_limit_and_the_job_goes_on(client: Client, served_notebook: Notebooks) -> None:
    job = client.run(served_notebook(SLEEPING, name="sleeping"))

    with pytest.raises(Unavailable) as refusal:
        job.wait(progress=False, timeout=1.0)

    assert refusal.value.code == "still_running"
    assert job.state in {"queued", "starting", "running"}
    job.cancel().wait(progress=False, check=False)


def test_watching_ends_when_it_is_told_to(client: Client, served_notebook: Notebooks) -> None:
    job = client.run(served_notebook(SLEEPING, name="sleeping"))
    stop = threading.Event()
    watcher = threading.Thread(target=lambda: list(job.events(stop=stop.is_set)))
    watcher.start()

    stop.set()
    job.cancel()

    watcher.join(20)
    assert not watcher.is_alive()


def test_a_stream_that_breaks_off_is_taken_up_where_it_ended(
    client: Client, running_server: Any, served_notebook: Notebooks, breaking: Any, tmp_path: Path
) -> None:
    enough = tmp_path / "enough"
    counting = (
        f"import pathlib, time\nfor n in range(600):\n    print(n, flush=True)\n    time.sleep(0.1)\n"
        f"    if pathlib.Path({str(enough)!r}).exists():\n        break"
    )
    job = client.run(served_notebook(counting, name="counting"))

    messages = []
    with Client(f"http://127.0.0.1:{breaking.port}/", running_server.token) as through_the_proxy:
        for message in through_the_proxy.jobs[job.id].events():
            messages.append(message)
            if breaking.cuts > 2:
                enough.touch()

    numbers = "".join(message.data["text"] for message in messages if message.kind == "log").split()
    assert 0 < len(numbers) < 600
    assert numbers == [str(n) for n in range(len(numbers))]
