"""Progress of long commands for programs: lines of JSON on standard error."""

from __future__ import annotations

import json

import pytest

from modelops_server.cli.steps import steps
from modelops_server.tasks import PROGRESS


def test_a_program_that_asks_gets_each_step_with_its_fraction(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(PROGRESS, "json")

    with steps("Looking") as tell:
        tell("Asking the hub for org/name")
        tell("Downloading hf:org/name: 25 of 100 MB")
        tell("Downloading hf:org/name: 26 of 100 MB")  # at once: it is not worth a line
        tell("Hashing")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        {"text": "Asking the hub for org/name", "fraction": None},
        {"text": "Downloading hf:org/name: 25 of 100 MB", "fraction": 0.25},
        {"text": "Hashing", "fraction": None},
    ]


def test_without_a_terminal_each_step_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with steps("Looking") as tell:
        tell("Downloading x: 1 of 2 MB")
        tell("Downloading x: 2 of 2 MB")
        tell("Hashing")

    assert capsys.readouterr().err.splitlines() == ["Downloading x", "Hashing"]
