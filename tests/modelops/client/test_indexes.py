"""Indexes from Python, against a real server, a real index and a real chat model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_embedder import tiny_embedder_folder
from tiny_endpoint import register_gguf, serving
from tiny_gguf import long_gguf
from tiny_index import register_index

from modelops import Client
from modelops.client import Index
from modelops.errors import InvalidInput, NotFound, Unavailable

__all__ = ["long_gguf", "tiny_embedder_folder"]


@pytest.fixture(scope="module")
def index(running_server: Any, tiny_embedder_folder: Path, long_gguf: Path) -> Iterator[Index]:
    register_index(running_server.home, tiny_embedder_folder)
    register_gguf(running_server.home, long_gguf, "writer", context_length=4096)
    with Client(running_server.url, running_server.token) as client:
        yield client.indexes.get("docs")
        for endpoint in client.endpoints.list():
            endpoint.remove()


def test_it_is_found_by_what_it_is(index: Index, client: Client) -> None:
    assert index.ref == "docs@1"
    assert [one.ref for one in client.indexes.list()] == ["docs@1"]
    assert client.indexes["docs@1"].ref == "docs@1"
    with pytest.raises(NotFound):
        client.indexes.get("nobody")
    with pytest.raises(InvalidInput) as other:
        client.indexes.get("mini")
    assert other.value.code == "not_an_index"


def test_it_is_searched_and_read(index: Index) -> None:
    hits = index.search("how is bread baked", top_k=2)
    document = index.document(hits[0]["source"])

    assert len(hits) == 2
    assert document["text"][hits[0]["start"] : hits[0]["end"]] == hits[0]["text"]
    assert "bread.md" in [one["source"] for one in index.documents()["documents"]]
    with pytest.raises(InvalidInput):
        index.search("bread", top_k=0)
    with pytest.raises(NotFound):
        index.document("none")


def test_it_is_served_with_a_reranker_where_that_is_one(index: Index, client: Client) -> None:
    with pytest.raises(InvalidInput) as refused:
        client.endpoints.start("docs", "other", reranker="writer")

    assert refused.value.code == "not_a_reranker"


def test_a_question_without_anybody_to_answer_it_is_an_error(index: Index) -> None:
    with pytest.raises(Unavailable) as refused:
        index.ask("how is bread baked").read()

    assert refused.value.code == "no_chat_endpoint"


def test_an_answer_comes_piece_by_piece_with_what_it_is_made_from(index: Index, client: Client) -> None:
    with serving(client, "writer", context=4096):
        reply = index.ask("how is bread baked", search={"top_k": 2}, max_tokens=40)
        pieces = list(reply)
        refused = index.ask("xylophone", min_similarity=1, min_words=1).read()
        broken = index.ask("how is bread baked", max_tokens=400)
        for _ in broken:
            broken.stop()

    assert "".join(pieces) == reply.text == reply.record["text"]
    assert len(reply.hits) == 2
    assert reply.passages[0]["source"] == "bread.md"
    assert reply.citations == reply.record["citations"]
    assert reply.checks["sentences"] is not None
    assert not reply.refused
    assert (refused.refused, refused.text) == (True, "not in these documents")
    assert broken.record == {}
    assert broken.stopped


def test_what_the_model_cannot_read_is_an_error_with_its_reason(index: Index, client: Client) -> None:
    with serving(client, "writer", context=256), pytest.raises(InvalidInput) as refused:
        index.ask("how is bread baked", model="writer").read()

    assert refused.value.code == "context_length_exceeded"
