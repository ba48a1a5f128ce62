"""The progress protocol, as a kernel sends it and as a notebook shows it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import modelops
from modelops import events
from modelops.errors import InvalidInput


@pytest.fixture
def displays() -> Any:
    """What a cell displays, in an IPython shell like a kernel's."""
    shell = InteractiveShell.instance()
    events._shown.clear()

    def run(cell: str) -> list[dict[str, Any]]:
        with capture_output() as captured:
            shell.run_cell("from modelops.events import *\n" + cell).raise_error()
        return [output.data for output in captured.outputs]

    yield run
    InteractiveShell.clear_instance()


def test_a_metric_is_displayed_as_an_event_with_a_readable_fallback(displays: Any) -> None:
    (data,) = displays("log_metric(12, loss=1.5, tokens=900)")
    assert data[events.MIME]["type"] == "metric"
    assert data[events.MIME]["step"] == 12
    assert data[events.MIME]["values"] == {"loss": 1.5, "tokens": 900.0}
    assert data["text/plain"] == "step 12  loss 1.5  tokens 900"


def test_every_event_survives_strict_json_even_when_a_loss_is_not_finite(displays: Any) -> None:
    (data,) = displays("log_metric(3, loss=float('nan'))")
    assert json.loads(json.dumps(data[events.MIME], allow_nan=False))["values"] == {"loss": "nan"}


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("log_progress(12, 60, phase='train')", "train 12 of 60 steps"),
        ("log_progress(1_000_000, None, unit='bytes')", "1e+06 bytes"),
        ("log_note('3 rows were cut')", "3 rows were cut"),
        ("log_sample(4, 'What is 1 + 1?', '2')", "What is 1 + 1? → 2"),
    ],
)
def test_progress_and_notes_read_like_sentences(displays: Any, cell: str, line: str) -> None:
    assert displays(cell)[0]["text/plain"] == line


def test_outside_ipython_an_event_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="modelops"):
        events.log_metric(1, loss=2.0)
    assert caplog.messages == ["step 1  loss 2"]


def test_an_output_folder_lies_in_the_job_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(events.JOB_FOLDER, str(tmp_path))
    assert events.output_folder("adapter") == tmp_path / "outputs" / "adapter"
    assert events.checkpoint_folder().is_dir()


def test_outside_a_job_output_lands_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(events.JOB_FOLDER, raising=False)
    monkeypatch.chdir(tmp_path)
    assert events.output_folder("adapter") == tmp_path / "outputs" / "adapter"


@pytest.mark.parametrize("name", ["../escape", "/abs", "a/../../b", ""])
def test_an_output_folder_cannot_lie_elsewhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(events.JOB_FOLDER, str(tmp_path))
    with pytest.raises(InvalidInput):
        events.output_folder(name)


def test_an_artifact_must_be_a_folder_that_exists(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not a folder"):
        events.log_artifact(tmp_path / "missing", "bot", "adapter")


def test_a_run_with_another_parameter_has_another_identity() -> None:
    parameters = {"rank": 8, "learning_rate": None}
    assert modelops.run_identity(parameters) == modelops.run_identity(dict(reversed(parameters.items())))
    assert modelops.run_identity(parameters) != modelops.run_identity(parameters | {"rank": 16})
