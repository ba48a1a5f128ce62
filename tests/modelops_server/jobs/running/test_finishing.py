"""Which folders a notebook may declare as its outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops_server.jobs.journal import EVENTS, Journal
from modelops_server.jobs.running.finishing import check_metrics, declared_outputs
from modelops_server.jobs.states import AttemptEnded


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., Any]:
    """Reads back what a journal with one declaration declares."""
    (tmp_path / "outputs" / "adapter").mkdir(parents=True)

    def declared(**fields: Any) -> Any:
        event = {"folder": str(tmp_path / "outputs" / "adapter"), "name": "bot", "kind": "adapter", "metadata": {}}
        with Journal(tmp_path) as journal:
            journal.event("artifact", **{**event, **fields})
        return declared_outputs(tmp_path)

    return declared


def test_a_folder_below_the_jobs_outputs_is_accepted(declare: Callable[..., Any]) -> None:
    [output] = declare(metadata={"rank": 8})

    assert (output.name, output.kind, output.metadata) == ("bot", "adapter", {"rank": 8})


def test_of_two_declarations_of_one_folder_the_last_counts(declare: Callable[..., Any]) -> None:
    declare(name="first")

    assert [output.name for output in declare(name="second")] == ["second"]


@pytest.mark.parametrize("folder", ["/etc", ".", "outputs", "outputs/adapter/../..", "outputs/link"])
def test_a_folder_elsewhere_is_refused(declare: Callable[..., Any], tmp_path: Path, folder: str) -> None:
    (tmp_path / "outputs" / "link").symlink_to("/etc")

    with pytest.raises(AttemptEnded, match="not inside of the job's outputs"):
        declare(folder=str(tmp_path / folder))


@pytest.mark.parametrize(
    "fields", [{"name": "Not A Name"}, {"name": 7}, {"folder": None}, {"kind": ["adapter"]}, {"metadata": "text"}]
)
def test_a_malformed_declaration_is_refused(declare: Callable[..., Any], fields: dict[str, Any]) -> None:
    with pytest.raises(AttemptEnded) as caught:
        declare(**fields)
    assert caught.value.reason.code == "invalid_output"


def test_what_an_earlier_attempt_reported_does_not_count(declare: Callable[..., Any], tmp_path: Path) -> None:
    declare()
    with Journal(tmp_path) as journal:
        journal.event("metric", step=1, values={"loss": "nan"})
    offset = (tmp_path / EVENTS).stat().st_size

    assert declared_outputs(tmp_path, offset) == []
    check_metrics(tmp_path, offset)
    with pytest.raises(AttemptEnded, match="loss became nan at step 1"):
        check_metrics(tmp_path)
