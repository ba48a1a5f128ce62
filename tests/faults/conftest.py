"""The faults' own words: how many of those injected were survived."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HERE = str(Path(__file__).parent)

_outcomes: dict[str, bool] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember which faults were survived: a fault in a fixture is a fault not survived."""
    if str(Path(report.fspath).resolve()).startswith(HERE) or report.nodeid.startswith("tests/faults"):
        _outcomes[report.nodeid] = _outcomes.get(report.nodeid, True) and report.passed


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how it went, in one line."""
    if _outcomes:
        survived = sum(_outcomes.values())
        terminalreporter.write_line(f"{survived} survived / {len(_outcomes)} tried", bold=True)
