"""What a run of the tests says at its end, in one line each: faults survived, and how much of the API was walked.

A plugin rather than a ``conftest.py`` of those folders: where tests run in several processes, only the reports of each
test reach the one that prints.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

FAULTS = 27
"""Faults of a running system that are to be survived, F1 to F27; each test says in its name which one it injects."""

WALKED = "walked"
"""The property under which a test of the API reports what it did, as a pair of what and how often."""

_survived: dict[str, bool] = {}
_walked: Counter[str] = Counter()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests of the same id: of these only one would run where tests run in several processes."""
    twins = [test for test, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twins:
        raise pytest.UsageError(f"Several tests are called {', '.join(twins)}: only one of each would run.")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what a test's report says: a fault in a fixture is a fault not survived."""
    if report.nodeid.startswith("tests/faults/"):
        _survived[report.nodeid] = _survived.get(report.nodeid, True) and report.passed
    if report.when == "teardown":
        for name, value in report.user_properties:
            if name == WALKED and isinstance(value, list | tuple):
                _walked[value[0]] += value[1]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how it went."""
    if _walked:
        counted = ", ".join(f"{count} {what}" for what, count in _walked.items())
        terminalreporter.write_line(f"REST API: {counted}", bold=True)
    if _survived:
        kinds: dict[int, bool] = {}
        for test, passed in _survived.items():
            if found := re.search(r"::test_f(\d+)_", test):
                kinds[int(found[1])] = kinds.get(int(found[1]), True) and passed
        line = f"{sum(_survived.values())} survived / {len(_survived)} tried"
        terminalreporter.write_line(f"{line}; {sum(kinds.values())} of {FAULTS} kinds of fault", bold=True)
