"""Fixtures of the tests of the server and the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelops_server.cli.main import main


class Result:
    """How a command ended and what it printed."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def modelops(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command line in this process."""

    def run(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        printed = capsys.readouterr()
        return Result(int(ended.value.code or 0), printed.out, printed.err)

    return run
