"""The preflight resource: readiness and the first batch over REST."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelops.paths import StateHome
from modelops.registry import Artifact
from modelops_server.jobs import Queue
from modelops_server.jobs.readiness import close_previews


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    close_previews()


async def test_readiness_is_answered_and_nothing_is_queued(
    api: Any, home: StateHome, notebook: Callable[..., Path]
) -> None:
    path = notebook("n", parameters="n: int = 1", name="my notebook")

    answer = await api.post("preflight", {"template": path.name, "parameters": {"n": 2}})

    assert answer.json["ready"]
    assert answer.json["command"] == "modelops run 'my notebook.ipynb' -p n=2"
    assert Queue(home).list() == ()


async def test_problems_with_parameters_are_fields_of_the_answer(api: Any) -> None:
    answer = await api.post("preflight", {"template": "sft", "parameters": {"rank": 0}})

    assert (answer.status, answer.json["ready"]) == (200, False)
    assert "rank" in [field["name"] for field in answer.json["fields"]]


async def test_a_template_that_is_not_there_is_an_error(api: Any) -> None:
    answer = await api.post("preflight", {"template": "nope"})

    assert (answer.status, answer.json["code"]) == (404, "template_not_found")


async def test_the_first_batch_is_answered_token_by_token(api: Any, tiny_model: Artifact, chats: Artifact) -> None:
    parameters = {"base_model": "tiny", "dataset": "chats", "max_length": 128}

    answer = await api.post("preflight/batch", {"template": "sft", "parameters": parameters})

    [row] = answer.json["rows"]
    assert {token["learned"] for token in row["tokens"]} == {True, False}
    assert len(row["tokens"]) == row["length"]


async def test_a_batch_of_wrong_parameters_is_an_error_with_fields(api: Any) -> None:
    answer = await api.post("preflight/batch", {"template": "sft", "parameters": {"rank": 0}})

    assert (answer.status, answer.json["code"]) == (422, "not_ready")
    assert "rank" in [field["name"] for field in answer.json["fields"]]
