"""docs/rag.md names what the code can say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from modelops.rag.chunking import ChunkSettings, Strategy
from modelops.rag.reading import ReadingLimits, Reason

ROOMS = ("reading", "chunking")
RAISED = re.compile(r'(?:InvalidInput|NotFound|Unavailable)\(\s*"([a-z_]+)"')


@pytest.fixture(scope="module")
def page(pytestconfig: pytest.Config) -> str:
    return (pytestconfig.rootpath / "docs/rag.md").read_text(encoding="utf-8")


def test_every_reason_strategy_and_limit_is_explained(page: str) -> None:
    names = [*Reason, *get_args(Strategy), *ReadingLimits.__dataclass_fields__, *ChunkSettings.__dataclass_fields__]

    assert [name for name in names if f"`{name}`" not in page and name != "strategy"] == []


def test_every_reason_is_given_somewhere(pytestconfig: pytest.Config) -> None:
    assert [reason.name for reason in Reason if f"Reason.{reason.name}" not in _sources(pytestconfig.rootpath)] == []


def test_every_error_is_explained(page: str, pytestconfig: pytest.Config) -> None:
    raised = set(RAISED.findall(_sources(pytestconfig.rootpath)))

    assert len(raised) > 5
    assert [code for code in raised if f"`{code}`" not in page] == []


def _sources(root: Path) -> str:
    rooms = (root / "kernels_helpers/modelops/rag" / room for room in ROOMS)
    return "".join(path.read_text() for room in rooms for path in sorted(room.glob("*.py")))
