"""The faults' own words: how many of those injected were survived, and which rows of the list they stand for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

HERE = str(Path(__file__).parent)

ROWS = 26
"""Faults of a running system that are to be survived, F1 to F26; each test says in its name which one it injects."""

_outcomes: dict[str, bool] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember which faults were survived: a fault in a fixture is a fault not survived."""
    if str(Path(report.fspath).resolve()).startswith(HERE) or report.nodeid.startswith("tests/faults"):
        _outcomes[report.nodeid] = _outcomes.get(report.nodeid, True) and report.passed


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how it went, in one line."""
    if not _outcomes:
        return
    rows: dict[int, bool] = {}
    for test, passed in _outcomes.items():
        if found := re.search(r"::test_f(\d+)_", test):
            rows[int(found[1])] = rows.get(int(found[1]), True) and passed
    survived = sum(_outcomes.values())
    terminalreporter.write_line(
        f"{survived} survived / {len(_outcomes)} tried; {sum(rows.values())} of {ROWS} kinds of fault", bold=True
    )
