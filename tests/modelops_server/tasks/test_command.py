"""One command as a child process: what it says, what it tells on the way, and how it is ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from modelops.errors import ModelOpsError
from modelops.paths import StateHome
from modelops_server.tasks import run_command


def test_a_command_returns_the_document_that_it_prints(home: StateHome) -> None:
    assert asyncio.run(run_command(home, "artifacts", "list", "--json")) == []


def test_what_a_command_refuses_is_raised_with_code_hint_details_and_status(home: StateHome) -> None:
    with pytest.raises(ModelOpsError) as refusal:
        asyncio.run(run_command(home, "artifacts", "show", "no-such", "--json"))

    error = refusal.value
    assert (error.code, error.http_status, error.details) == ("artifact_not_found", 404, {"ref": "no-such"})
    assert "status" not in error.as_json()


def test_a_command_that_says_nothing_is_an_error_with_its_last_lines(home: StateHome) -> None:
    with pytest.raises(ModelOpsError) as refusal:
        asyncio.run(run_command(home, "no-such-command", "--json"))

    assert refusal.value.code == "command_failed"
    assert "No such command" in " ".join(refusal.value.details["last_lines"])


def test_progress_arrives_step_by_step(home: StateHome, tmp_path: Path) -> None:
    told: list[str] = []
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps({"text": f"row {number}"}) + "\n" for number in range(3000)))

    command = ("datasets", "add", "--json", "--name", "rows", "--", str(source))
    asyncio.run(run_command(home, *command, progress=lambda text, fraction: told.append(text)))

    assert any(text.startswith("Reading … ") for text in told)


def test_a_cancelled_command_is_gone_with_everything_it_started(
    home: StateHome, alive: Callable[[str], list[psutil.Process]]
) -> None:
    async def cancel_it() -> None:
        task = asyncio.create_task(run_command(home, "datasets", "make-pydoc", "--json", "--name", "to-be-cancelled"))
        for _ in range(6000):
            if alive("to-be-cancelled"):
                break
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_it())

    assert not alive("to-be-cancelled")
