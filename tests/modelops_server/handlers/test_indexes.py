"""Indexes over REST: searched and read by an endpoint that is started where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_embedder import tiny_embedder_folder
from tiny_endpoint import EndpointBench
from tiny_index import register_index

from modelops.paths import StateHome
from modelops.registry import Registry
from modelops_server import endpoints
from modelops_server.endpoints.indexes import IDLE_MINUTES

from .conftest import Api

__all__ = ["tiny_embedder_folder"]


@pytest.fixture
def docs(home: StateHome, tiny_embedder_folder: Path, jp_serverapp: Any) -> Iterator[str]:
    yield register_index(home, tiny_embedder_folder).ref
    EndpointBench(home, Path()).close()


async def test_many_questions_at_once_start_one_endpoint_that_stops_by_itself(
    api: Api, docs: str, home: StateHome
) -> None:
    questions = [api.post("indexes/docs/search", {"question": "how is bread baked"}) for _ in range(4)]
    documents = api.get("indexes/docs@1/documents")
    *found, listed = await asyncio.gather(*questions, documents)
    running = await asyncio.to_thread(endpoints.endpoints, home)

    assert [answer.json["hits"][0]["source"] for answer in found] == ["bread.md"] * 4
    assert len(listed.json["documents"]) == 4
    assert [(one.name, one.spec.task, one.spec.options.idle_minutes) for one in running] == [
        ("docs-v1", "search", IDLE_MINUTES)
    ]


async def test_each_version_has_its_own(api: Api, docs: str, home: StateHome, tiny_embedder_folder: Path) -> None:
    await asyncio.to_thread(register_index, home, tiny_embedder_folder, "docs", {"bread.md": "Bread is new here."})
    Registry(home).set_alias("docs", "production", 1)
    newest, old, document = await asyncio.gather(
        api.post("indexes/docs/search", {"question": "bread", "settings": {"top_k": 9}}),
        api.post("indexes/docs@production/search", {"question": "bread", "settings": {"top_k": 9, "method": "dense"}}),
        api.get("indexes/docs@1/document?source=bread.md"),
    )

    assert [hit["text"] for hit in newest.json["hits"]] == ["Bread is new here."]
    assert len(old.json["hits"]) == 8
    assert document.json["text"].startswith("Bread is baked")


async def test_one_that_serves_it_already_is_asked_and_one_of_something_else_is_left_alone(
    api: Api, docs: str, home: StateHome
) -> None:
    def serve(name: str, ref: str) -> None:
        planned = endpoints.plan(home, ref, name=name)
        endpoints.wait_until_settled(home, endpoints.start(home, planned).name)

    await asyncio.to_thread(serve, "docs-v1", "mini")
    await asyncio.to_thread(endpoints.stop, home, "docs-v1")
    await asyncio.to_thread(serve, "mine", "docs")
    found = await api.post("indexes/docs/search", {"question": "bread"})
    before = await asyncio.to_thread(endpoints.endpoints, home)
    await asyncio.to_thread(endpoints.stop, home, "mine")
    again = await api.post("indexes/docs/search", {"question": "bread"})
    after = await asyncio.to_thread(endpoints.endpoints, home)

    assert (found.status, again.status) == (200, 200)
    assert [one.name for one in before] == ["docs-v1", "mine"]
    digest = Registry(home).get("docs").digest[:8]
    assert [(one.name, one.state.value) for one in after] == [
        ("docs-v1", "stopped"),
        (f"docs-v1-{digest}", "ready"),
        ("mine", "stopped"),
    ]


async def test_what_cannot_be_asked_is_said(api: Api, docs: str, home: StateHome) -> None:
    cases: list[tuple[str, Any, int, str]] = [
        ("indexes/none/search", {"question": "a"}, 404, "artifact_not_found"),
        ("indexes/docs@9/search", {"question": "a"}, 404, "artifact_not_found"),
        ("indexes/mini/search", {"question": "a"}, 422, "not_an_index"),
        ("indexes/..%2Fdocs/search", {"question": "a"}, 422, "invalid_name"),
        ("indexes/docs/search", {"question": ""}, 422, "invalid_body"),
        ("indexes/docs/search", {"question": "a", "settings": {"top_k": "5"}}, 422, "invalid_body"),
        ("indexes/docs/search", {"question": "a", "endpoint": "http://evil.test"}, 422, "invalid_body"),
    ]
    for path, body, status, code in cases:
        answer = await api.post(path, body)

        assert (answer.status, answer.json["code"]) == (status, code), path
    assert await asyncio.to_thread(endpoints.endpoints, home) == []
    unknown = await api.get("indexes/docs/document?source=none")
    assert (unknown.status, unknown.json["code"]) == (404, "unknown_document")


async def test_one_that_was_tampered_with_is_not_searched(api: Api, docs: str, home: StateHome) -> None:
    registry = Registry(home)
    file = next(file for file in registry.get("docs").files if file.path == "vectors.npy")
    blob = registry.blobs.path(file.sha256)
    content = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    answer = await api.post("indexes/docs/search", {"question": "bread"})

    assert (answer.status, answer.json["code"]) == (409, "digest_mismatch")
