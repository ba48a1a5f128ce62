"""docs/datasets.md names what the code can say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modelops.datasets import FORMATS
from modelops.datasets.sources import READERS
from modelops_server.cli.datasets import FORMATS as OFFERED
from modelops_server.cli.datasets import datasets

ROOM = Path("kernels_helpers/modelops/datasets")
REASON = re.compile(r"(?:Refused|BadRow|_broken|_text|InvalidInput)\((?:[^()]|\([^()]*\))*?\)")
CODE = re.compile(r'"([a-z]+(?:_[a-z0-9]+)+)"')


@pytest.fixture(scope="module")
def page(pytestconfig: pytest.Config) -> str:
    return (pytestconfig.rootpath / "docs/datasets.md").read_text(encoding="utf-8")


def test_every_reason_is_explained(page: str, pytestconfig: pytest.Config) -> None:
    sources = "".join(path.read_text() for path in sorted((pytestconfig.rootpath / ROOM).glob("*.py")))
    reasons = {code for call in REASON.findall(sources) for code in CODE.findall(call)}
    reasons -= {"invalid_option", "bad_rows", "tool_calls", "function_call"}

    assert len(reasons) > 25
    assert {reason for reason in reasons if f"`{reason}`" not in page} == set()


def test_every_command_format_and_kind_of_file_is_shown(page: str) -> None:
    for command in datasets.commands:
        assert f"modelops datasets {command}" in page
    for name in (*FORMATS, *READERS):
        assert f"`{name}`" in page


def test_the_command_line_offers_every_format_there_is() -> None:
    assert ("auto", *FORMATS) == OFFERED


def test_the_options_that_are_explained_exist(page: str) -> None:
    options = {option for command in datasets.commands.values() for each in command.params for option in each.opts}

    assert set(re.findall(r"--[a-z-]+[a-z]", page)) <= options
