"""The jobs resource: what is asked for, what comes back, and what is refused."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from modelops.paths import StateHome
from modelops_server.handlers import base
from modelops_server.jobs import Queue, State

API = ("modelops", "api", "v1", "jobs")


@pytest.fixture
def post(jp_fetch: Any) -> Callable[..., Any]:
    """Posts a document and returns status and answer, also of an error."""

    async def send(*parts: str, headers: dict[str, str] | None = None, **document: Any) -> tuple[int, Any, Any]:
        try:
            answer = await jp_fetch(
                *API, *parts, method="POST", body=json.dumps(document), headers=headers or {}, request_timeout=60
            )
        except HTTPClientError as error:
            answer = error.response
        return answer.code, json.loads(answer.body), answer.headers

    return send


async def get(jp_fetch: Any, *parts: str, **params: Any) -> Any:
    return json.loads((await jp_fetch(*API, *parts, params=params)).body)


async def test_a_submitted_job_is_queued_listed_and_shown(
    post: Any, jp_fetch: Any, notebook: Callable[..., Path]
) -> None:
    path = notebook("n", parameters="n: int = 1")

    status, job, _ = await post(template=str(path), parameters={"n": 5}, priority=3, resources={"cpus": 2})

    assert (status, job["state"], job["priority"], job["resources"]["cpus"]) == (201, "queued", 3, 2.0)
    assert [found["id"] for found in (await get(jp_fetch, state="queued"))["jobs"]] == [job["id"]]
    assert (await get(jp_fetch, state="running"))["jobs"] == []
    shown = await get(jp_fetch, job["id"])
    assert (shown["ahead"], shown["attempts"], shown["needs"]) == (0, [], [])


async def test_the_same_idempotency_key_returns_the_first_job_and_another_body_is_a_conflict(
    post: Any, jp_fetch: Any, notebook: Callable[..., Path]
) -> None:
    path, key = str(notebook("n", parameters="n: int = 1")), {"Idempotency-Key": "k1"}

    _, first, _ = await post(template=path, headers=key)
    _, again, _ = await post(template=path, headers=key)
    status, problem, _ = await post(template=path, parameters={"n": 2}, headers=key)

    assert first["id"] == again["id"]
    assert (status, problem["code"]) == (409, "idempotency_conflict")
    assert len((await get(jp_fetch))["jobs"]) == 1


async def test_a_queued_job_is_cancelled_and_then_tried_again(post: Any, notebook: Callable[..., Path]) -> None:
    _, job, _ = await post(template=str(notebook("1")))

    status, cancelled, _ = await post(job["id"], "cancel")
    again = await post(job["id"], "retry")

    assert (status, cancelled["state"]) == (200, "cancelled")
    assert (again[0], again[1]["state"], again[1]["retry_of"]) == (201, "queued", job["id"])


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "template"),
        ({"template": "sft", "surprise": 1}, "surprise"),
        ({"template": "sft", "priority": "high"}, "priority"),
        ({"template": "sft", "options": {"timeout": -1}}, "options.timeout"),
        ({"template": "sft", "resources": {"gpus": True}}, "resources.gpus"),
    ],
)
async def test_a_request_that_is_not_valid_is_refused_field_by_field(post: Any, document: Any, field: str) -> None:
    status, problem, _ = await post(**document)

    assert (status, problem["code"]) == (422, "invalid_body")
    assert [wrong["name"] for wrong in problem["fields"]] == [field]


@pytest.mark.parametrize("params", [{"limit": "0"}, {"state": "sleeping"}, {"order": "1;DROP TABLE jobs"}])
async def test_a_query_that_is_not_valid_is_refused(jp_fetch: Any, params: dict[str, str]) -> None:
    with pytest.raises(HTTPClientError) as refusal:
        await get(jp_fetch, **params)

    assert (refusal.value.code, json.loads(refusal.value.response.body)["code"]) == (422, "invalid_query")


@pytest.mark.parametrize("job_id", ["sft-0000000", "..%2fsft", "a%00b"])
async def test_an_unknown_job_is_not_found(jp_fetch: Any, job_id: str) -> None:
    with pytest.raises(HTTPClientError) as refusal:
        await get(jp_fetch, job_id)

    assert refusal.value.code == 404


async def test_f9_a_locked_database_answers_503_with_the_time_to_wait(
    post: Any, home: StateHome, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    Queue(home).close()
    monkeypatch.setattr(base, "PATIENCE_MS", 200)
    holder = sqlite3.connect(home.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    status, problem, headers = await post(template=str(notebook("1")))
    holder.execute("ROLLBACK")
    later, *_ = await post(template=str(notebook("1")))

    assert (status, problem["code"], headers["Retry-After"]) == (503, "database_locked", "5")
    assert later == 201
    assert Queue(home).count(list(State)) == 1
