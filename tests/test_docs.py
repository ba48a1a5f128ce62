"""The pages a user reads: every command, state and reason is there, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from modelops_server.cli.main import cli
from modelops_server.jobs import ReasonCode, State

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def commands(group: click.Group, path: str) -> list[str]:
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = isinstance(command, click.Group)
        found += commands(command, f"{path} {name}") if inner else [f"{path} {name}"]  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("command", commands(cli, "modelops"))
def test_every_command_is_explained_on_some_page(command: str) -> None:
    assert any(command in page.read_text() for page in PAGES)


@pytest.mark.parametrize("word", [*ReasonCode, *State])
def test_every_state_and_reason_of_a_job_is_explained(word: str) -> None:
    assert word in (ROOT / "docs" / "jobs.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)\)", page.read_text())
    missing = [target for target in targets if ":" not in target and not (page.parent / target).exists()]
    assert not missing
