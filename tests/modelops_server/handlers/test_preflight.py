"""The preflight resource: readiness and the first batch over REST."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from modelops.paths import StateHome
from modelops.registry import Artifact
from modelops_server.jobs import Queue
from modelops_server.jobs.readiness import FirstBatch, Readiness, close_previews

API = ("modelops", "api", "v1", "preflight")


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    close_previews()


@pytest.fixture
def post(jp_fetch: Any) -> Callable[..., Any]:
    """Posts a document and returns status and answer, also of an error."""

    async def send(*parts: str, **document: Any) -> tuple[int, Any]:
        try:
            answer = await jp_fetch(*API, *parts, method="POST", body=json.dumps(document), request_timeout=60)
        except HTTPClientError as error:
            answer = error.response
        return answer.code, json.loads(answer.body)

    return send


async def test_readiness_is_answered_and_nothing_is_queued(
    post: Any, home: StateHome, notebook: Callable[..., Path], jp_root_dir: Path
) -> None:
    path = notebook("n", parameters="n: int = 1").rename(jp_root_dir / "my notebook.ipynb")

    status, answer = await post(template=path.name, parameters={"n": 2})

    assert status == 200
    readiness = Readiness.model_validate(answer)
    assert readiness.ready
    assert readiness.command == "modelops run 'my notebook.ipynb' -p n=2"
    assert Queue(home).list() == ()


async def test_problems_with_parameters_are_fields_of_the_answer(post: Any) -> None:
    status, answer = await post(template="sft", parameters={"rank": 0})

    assert (status, answer["ready"]) == (200, False)
    assert "rank" in [field["name"] for field in answer["fields"]]


async def test_a_template_that_is_not_there_is_an_error(post: Any) -> None:
    status, answer = await post(template="nope")

    assert (status, answer["code"]) == (404, "template_not_found")


async def test_the_first_batch_is_answered_token_by_token(post: Any, tiny_model: Artifact, chats: Artifact) -> None:
    status, answer = await post(
        "batch", template="sft", parameters={"base_model": "tiny", "dataset": "chats", "max_length": 128}
    )

    assert status == 200
    [row] = FirstBatch.model_validate(answer).rows
    assert {token.learned for token in row.tokens} == {True, False}
    assert sum(len(token.text) > 0 for token in row.tokens) == row.length


async def test_a_batch_of_wrong_parameters_is_an_error_with_fields(post: Any) -> None:
    status, answer = await post("batch", template="sft", parameters={"rank": 0})

    assert (status, answer["code"]) == (422, "not_ready")
    assert "rank" in [field["name"] for field in answer["fields"]]
