"""Answers from an index, over REST and as a model of the OpenAI API: found, written, cited, and broken off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from scripted_endpoint import ScriptedEndpoint
from tiny_embedder import tiny_embedder_folder
from tiny_endpoint import EndpointBench, register_gguf
from tiny_gguf import long_gguf
from tiny_index import register_index

from modelops.paths import StateHome
from modelops_server import endpoints
from modelops_server.endpoints.keys import create_key

from .conftest import until

__all__ = ["long_gguf", "tiny_embedder_folder"]

BREAD = "how is bread baked"
REFUSED = "not in these documents"


@pytest.fixture
def scripted() -> Iterator[ScriptedEndpoint]:
    """A chat model elsewhere that cites the first passage, and one that was not given."""
    endpoint = ScriptedEndpoint(["Bread is baked with flour and ", "yeast [1]. It says so ", "[9]."])
    yield endpoint
    endpoint.close()


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, tiny_embedder_folder: Path, long_gguf: Path
) -> Iterator[StateHome]:
    """One state home for all tests, since it takes seconds until an index is served: it stays so from test to test."""
    home = StateHome(tmp_path_factory.mktemp("asked") / "state")
    register_index(home, tiny_embedder_folder)
    register_gguf(home, long_gguf, context_length=4096)
    yield home
    EndpointBench(home, long_gguf).close()


@pytest.fixture
def home(shared: StateHome, monkeypatch: pytest.MonkeyPatch) -> StateHome:
    monkeypatch.setenv("MODELOPS_HOME", str(shared.root))
    return shared


@pytest.fixture
def jp_server_config(home: StateHome, scripted: ScriptedEndpoint) -> dict[str, Any]:
    remotes = {"big": {"url": f"{scripted.url}v1", "model": "scripted"}}
    return {
        "ServerApp": {"jpserver_extensions": {"modelops_server": True}},
        "ModelOpsApp": {"state_home": str(home.root), "schedule": False, "remotes": remotes},
    }


@pytest.fixture
def bench(home: StateHome, long_gguf: Path, jp_serverapp: Any) -> Iterator[EndpointBench]:
    yield EndpointBench(home, long_gguf)
    for endpoint in endpoints.endpoints(home):
        if endpoint.spec.task != "search":
            endpoints.remove(home, endpoint.name)


@pytest.fixture
def http(jp_serverapp: Any, jp_base_url: str, http_server_client: Any) -> httpx.AsyncClient:
    token = jp_serverapp.identity_provider.token
    origin = http_server_client.get_url(f"{jp_base_url}modelops/")
    return httpx.AsyncClient(base_url=origin, headers={"Authorization": f"Bearer {token}"}, timeout=120)


CHAT, ASK = "openai/v1/chat/completions", "api/v1/indexes/docs/ask"


def events_of(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """The server-sent events of an answer."""
    found = []
    for block in answer.text.split("\n\n"):
        if block:
            event, data = block.split("\n")
            found.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def chat(model: str, question: Any = BREAD, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": question}], **more}


class TestAsking:
    async def test_tells_what_was_found_then_what_is_written_and_cited_then_all_of_it(
        self, bench: EndpointBench, http: httpx.AsyncClient, scripted: ScriptedEndpoint
    ) -> None:
        await asyncio.to_thread(bench.close)  # the index, too: what is waited for is told
        answer = await http.post(ASK, json={"question": BREAD, "model": "big", "settings": {"top_k": 2}})
        events = events_of(answer)
        kinds = [kind for kind, _ in events]
        hits = dict(events)["hits"]
        whole = events[-1][1]

        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert list(dict.fromkeys(kinds)) == ["progress", "hits", "delta", "citation", "answer"]
        assert len(hits["hits"]) == 2
        assert hits["passages"][0]["source"] == "bread.md"
        assert whole["text"] == "Bread is baked with flour and yeast [1]. It says so."
        assert "".join(said["text"] for kind, said in events if kind == "delta") == whole["text"]
        (citation,) = whole["citations"]
        assert citation == dict(events)["citation"]
        assert (citation["number"], citation["source"]) == (1, "bread.md")
        assert citation["highlight"]["text"] == "Bread is baked with flour and yeast."
        assert whole["removed_citations"] == 1
        assert whole["checks"]["supported"] == 1
        assert hits["passages"][0]["text"] in scripted.asked[0]["messages"][1]["content"]

    async def test_asks_no_model_where_no_passage_may_answer(
        self, bench: EndpointBench, http: httpx.AsyncClient, scripted: ScriptedEndpoint
    ) -> None:
        strict = {"min_similarity": 1, "min_words": 1}
        answer = await http.post(ASK, json={"question": "xylophone", "model": "big", "answer": strict})

        assert dict(events_of(answer))["answer"]["text"] == REFUSED
        assert scripted.asked == []

    async def test_by_an_endpoint_here(self, bench: EndpointBench, http: httpx.AsyncClient) -> None:
        await asyncio.to_thread(bench.start, context=4096)
        answer = await http.post(ASK, json={"question": BREAD, "answer": {"max_tokens": 8}})
        kind, whole = events_of(answer)[-1]

        assert kind == "answer", whole
        assert whole["model"] == "tiny"
        assert 0 < whole["usage"]["completion_tokens"] <= 8

    async def test_ends_with_what_went_wrong(self, bench: EndpointBench, http: httpx.AsyncClient) -> None:
        await asyncio.to_thread(bench.start, context=256)
        answer = await http.post(ASK, json={"question": BREAD})
        kind, problem = events_of(answer)[-1]

        assert (kind, problem["code"], problem["status"]) == ("problem", "context_length_exceeded", 400)


class TestTheModel:
    async def test_answers_with_citations_as_a_whole_and_as_it_is_written(
        self, bench: EndpointBench, http: httpx.AsyncClient
    ) -> None:
        parts = [{"type": "text", "text": BREAD}]
        whole = (await http.post(CHAT, json=chat("rag:docs@1/big", parts))).json()
        asked = chat("rag:docs/big", stream=True, stream_options={"include_usage": True})
        lines = [line for line in (await http.post(CHAT, json=asked)).text.split("\n\n") if line]
        chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
        models = (await http.get("openai/v1/models")).json()["data"]

        message = whole["choices"][0]["message"]
        assert whole["object"] == "chat.completion"
        assert message["content"] == "Bread is baked with flour and yeast [1]. It says so."
        assert [citation["source"] for citation in message["citations"]] == ["bread.md"]
        assert lines[-1] == "data: [DONE]"
        deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
        assert "".join(delta.get("content", "") for delta in deltas) == message["content"]
        assert deltas[0]["role"] == "assistant"
        assert deltas[-1]["citations"] == message["citations"]
        assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
        assert chunks[-1]["usage"]["total_tokens"] == 0  # the one elsewhere does not say
        assert {chunk["model"] for chunk in chunks} == {"rag:docs/big"}
        assert [model["id"] for model in models] == ["big", "rag:docs@1"]

    async def test_is_answered_by_the_only_endpoint_and_says_what_it_took(
        self, bench: EndpointBench, http: httpx.AsyncClient
    ) -> None:
        await asyncio.to_thread(bench.start, context=4096)
        alone = (await http.post(CHAT, json=chat("rag:docs", max_tokens=6, ignore_eos=True))).json()
        await asyncio.to_thread(bench.start, name="other", context=4096)
        several = await http.post(CHAT, json=chat("rag:docs"))
        named = await http.post(CHAT, json=chat("rag:docs/other", max_tokens=6))

        assert alone["usage"]["completion_tokens"] == 6
        error = several.json()["error"]
        assert (several.status_code, error["code"]) == (409, "several_chat_endpoints")
        assert "other, tiny" in error["message"]
        assert named.status_code == 200

    async def test_that_cannot_answer_says_why(self, bench: EndpointBench, http: httpx.AsyncClient) -> None:
        mini = endpoints.plan(bench.home, "mini")
        await asyncio.to_thread(lambda: bench.settled(endpoints.start(bench.home, mini).name))
        cases: list[tuple[dict[str, Any], int, str]] = [
            (chat("rag:none/big"), 404, "model_not_found"),
            (chat("rag:docs@9/big"), 404, "model_not_found"),
            (chat("rag:"), 404, "model_not_found"),
            (chat("rag:tiny/big"), 404, "model_not_found"),
            (chat("rag:http://evil.test/big"), 404, "model_not_found"),
            (chat("rag:docs/http://evil.test"), 404, "model_not_found"),
            (chat("rag:docs/127.0.0.1:22"), 404, "model_not_found"),
            (chat("rag:docs/rag:docs"), 404, "model_not_found"),
            (chat("rag:docs"), 503, "no_chat_endpoint"),
            (chat("rag:docs/mini"), 422, "not_a_chat_model"),
            (chat("rag:docs/big", ""), 400, "question_missing"),
            (chat("rag:docs/big", [{"type": "image_url"}]), 400, "question_missing"),
            (chat("rag:docs/big", tools=[{"type": "function"}]), 400, "not_supported"),
            (chat("rag:docs/big", n=2), 400, "not_supported"),
            (chat("rag:docs/big", n=[]), 400, "not_supported"),
        ]
        for body, status, code in cases:
            answer = await http.post(CHAT, json=body)

            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), body["model"]

    async def test_is_not_opened_by_a_key_to_an_endpoint(self, bench: EndpointBench, http: httpx.AsyncClient) -> None:
        await asyncio.to_thread(bench.start, context=4096)
        key = create_key(bench.home, "tiny", "ada")
        headers = {"Authorization": f"Bearer {key}"}
        asked = await http.post(CHAT, json=chat("rag:docs/tiny"), headers=headers)
        models = await http.get("openai/v1/models", headers=headers)

        assert asked.status_code == 404
        assert [model["id"] for model in models.json()["data"]] == ["tiny"]

    @pytest.mark.parametrize("path", [CHAT, ASK])
    async def test_is_broken_off_when_the_client_hangs_up(
        self, bench: EndpointBench, http: httpx.AsyncClient, scripted: ScriptedEndpoint, path: str
    ) -> None:
        scripted.pieces, scripted.pause = ["word "] * 2000, 0.01
        body = chat("rag:docs/big", stream=True) if path == CHAT else {"question": BREAD, "model": "big"}
        async with http.stream("POST", path, json=body) as answer:
            async for line in answer.aiter_lines():
                if "word" in line:
                    break
        await until(scripted.hung_up.is_set)
