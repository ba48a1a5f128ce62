"""The OpenAI API: who may ask what, what comes back, and what cannot be named."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from tiny_endpoint import EndpointBench
from tiny_gguf import tiny_gguf
from yarl import URL

from modelops.paths import StateHome
from modelops_server import endpoints
from modelops_server.endpoints.gateway.turns import Rates
from modelops_server.endpoints.keys import create_key
from modelops_server.handlers.openai.routes import HANDLERS

from .conftest import until

__all__ = ["tiny_gguf"]

CHAT = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 5, "ignore_eos": True}


@pytest.fixture
def served(home: StateHome, tiny_gguf: Path, jp_serverapp: Any) -> Iterator[EndpointBench]:
    """Beside the server, whose start takes a while, too."""
    bench = EndpointBench(home, tiny_gguf)
    yield bench
    bench.close()


class Client:
    """Sends requests to the server, as OpenAI's clients write them."""

    def __init__(self, origin: str, token: str) -> None:
        self.origin, self.token = origin, token

    def open(self, token: str | None = None, **headers: str) -> httpx.AsyncClient:
        """A client with a token, by default Jupyter's."""
        sent = {"Authorization": f"Bearer {self.token if token is None else token}", **headers}
        return httpx.AsyncClient(base_url=self.origin, headers=sent if token != "" else headers, timeout=60)

    async def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        async with self.open(**options) as client:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            return await client.post(path, content=content)


@pytest.fixture
def client(jp_serverapp: Any, jp_base_url: str, http_server_client: Any) -> Client:
    origin = http_server_client.get_url(f"{jp_base_url}modelops/openai/v1/")
    return Client(origin, jp_serverapp.identity_provider.token)


class TestAnswers:
    async def test_are_those_of_the_engine(self, served: Any, client: Client) -> None:
        await asyncio.to_thread(served.start)
        async with client.open() as http:
            models = (await http.get("models")).json()
            one = (await http.get("models/tiny")).json()
        answer = await client.post("chat/completions", {"model": "tiny", **CHAT})
        completion = await client.post(
            "completions", {"model": "tiny", "prompt": "abc", "max_tokens": 3, "ignore_eos": True}
        )
        embedding = await client.post("embeddings", {"model": "tiny", "input": ["abc", "d"]})

        assert [model["id"] for model in models["data"]] == ["tiny"]
        assert one["ref"] == "tiny@1"
        assert answer.json()["choices"][0]["message"]["role"] == "assistant"
        assert answer.json()["model"] == "tiny"
        assert completion.json()["usage"]["completion_tokens"] == 3
        assert [len(item["embedding"]) for item in embedding.json()["data"]] == [64, 64]

    async def test_come_as_they_are_written(self, served: Any, client: Client) -> None:
        await asyncio.to_thread(served.start)
        async with client.open() as http:
            body = {"model": "tiny", **CHAT, "stream": True, "stream_options": {"include_usage": True}}
            async with http.stream("POST", "chat/completions", json=body) as response:
                assert response.headers["Content-Type"].startswith("text/event-stream")
                pieces = [line.removeprefix("data: ") async for line in response.aiter_lines() if line]

        assert pieces[-1] == "[DONE]"
        assert json.loads(pieces[-2])["usage"]["completion_tokens"] == 5
        traffic = (await client.post("../../api/v1/endpoints/tiny/stop", {})).json()["traffic"]
        assert (traffic["requests"], traffic["errors"], traffic["tokens"]) == (1, 0, 5)

    async def test_end_when_the_client_hangs_up(self, served: Any, client: Client, jp_serverapp: Any) -> None:
        endpoint = await asyncio.to_thread(served.start, parallel=1, context=512)
        gateway = jp_serverapp.web_app.settings["modelops_gateway"]
        async with client.open() as http:
            body = {"model": "tiny", **CHAT, "max_tokens": 400, "ignore_eos": True, "stream": True}
            async with http.stream("POST", "chat/completions", json=body) as response:
                await anext(response.aiter_lines())
        await until(lambda: not gateway.traffic_as_json("tiny")["running"])
        answer = await client.post("chat/completions", {"model": "tiny", **CHAT})

        assert answer.status_code == 200
        assert endpoints.find(served.home, "tiny").status.engine == endpoint.status.engine


class TestErrors:
    async def test_are_said_as_openai_says_them(self, served: Any, client: Client) -> None:
        await asyncio.to_thread(served.start)
        long = [{"role": "user", "content": "x" * 900}]
        cases: list[tuple[Any, int, str | None]] = [
            (b"{", 400, "invalid_json"),
            (b'{"model": "tiny", "temperature": NaN}', 400, "invalid_json"),
            (b"[" * 100_000, 400, "invalid_json"),
            (b"\xff", 400, "invalid_json"),
            ({}, 400, "model_missing"),
            ([], 400, "model_missing"),
            ({"model": 7}, 400, "model_missing"),
            (b" " * 4_000_001, 413, "body_too_large"),
            ({"model": "tiny/other", **CHAT}, 404, "model_not_found"),
            ({"model": "tiny", **CHAT, "messages": "hi"}, 400, None),
            ({"model": "tiny", "messages": long}, 400, "context_length_exceeded"),
        ]
        for body, status, code in cases:
            answer = await client.post("chat/completions", body)

            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (status, code), error
            assert set(error) == {"message", "type", "param", "code"}
            if code == "context_length_exceeded":
                assert "256" in error["message"]

    @pytest.mark.parametrize(
        "name",
        [
            "http://169.254.169.254",
            "//169.254.169.254/latest",
            "127.0.0.1:22",
            "tiny@evil.example",
            "tiny:8080",
            "../tiny",
            "tiny/../tiny",
            "/etc/passwd",
            "file:///etc/passwd",
            "tiny\u0000",
            "tiny\r\nHost: evil",
            "",
            "x" * 10_000,
        ],
        ids=repr,
    )
    async def test_are_all_that_is_at_another_address(self, client: Client, name: str) -> None:
        answer = await client.post("chat/completions", {"model": name, **CHAT})

        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")

    async def test_say_that_an_endpoint_is_stopped(self, served: Any, client: Client) -> None:
        await asyncio.to_thread(served.start)
        await asyncio.to_thread(endpoints.stop, served.home, "tiny")
        answer = await client.post("chat/completions", {"model": "tiny", **CHAT})

        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "endpoint_not_running")
        assert "modelops endpoints restart tiny" in answer.json()["error"]["message"]

    async def test_say_that_an_engine_is_gone_until_it_is_back(self, served: Any, client: Client) -> None:
        endpoint = await asyncio.to_thread(served.start)
        os.kill(endpoint.status.engine.pid, signal.SIGKILL)
        seen = []
        while True:
            answer = await client.post("chat/completions", {"model": "tiny", **CHAT})
            seen.append(answer.status_code)
            if answer.status_code == 200:
                break
            assert int(answer.headers["Retry-After"]) > 0
            await asyncio.sleep(0.1)

        assert set(seen) == {503, 200}


class TestManyRequests:
    async def test_beyond_the_queue_are_refused_and_the_server_lives(self, served: Any, client: Client) -> None:
        await asyncio.to_thread(served.start)

        chats, models = (URL(client.origin + path, encoded=True) for path in ("chat/completions", "models"))

        async def ask(many: aiohttp.ClientSession) -> tuple[int, str | None, str | None]:
            async with many.post(chats, json={"model": "tiny", **CHAT}) as answer:
                error = (await answer.json()).get("error", {})
                return answer.status, error.get("code"), answer.headers.get("Retry-After")

        headers = {"Authorization": f"Bearer {client.token}"}
        async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as many:
            answers = await asyncio.gather(*(ask(many) for _ in range(1000)))
            assert (await many.get(models)).status == 200

        refused = [answer for answer in answers if answer[0] == 429]
        assert {status for status, _, _ in answers} == {200, 429}
        assert len(answers) - len(refused) >= 64
        # So many of one caller are too many for a minute as well.
        assert {code for _, code, _ in refused} == {"too_many_requests", "rate_limit_exceeded"}
        assert all(int(after or 0) >= 1 for _, _, after in refused)


class TestRates:
    async def test_are_of_a_token_whoever_jupyter_says_sent_it(
        self, served: Any, client: Client, jp_serverapp: Any
    ) -> None:
        await asyncio.to_thread(served.start)
        jp_serverapp.web_app.settings["modelops_gateway"]._rates = Rates(2)
        key = create_key(served.home, "tiny", "ada")
        answers = [await client.post("chat/completions", {"model": "tiny", **CHAT}) for _ in range(3)]
        other = await client.post("chat/completions", {"model": "tiny", **CHAT}, token=key)

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].json()["error"]["code"] == "rate_limit_exceeded"
        assert int(answers[2].headers["Retry-After"]) > 0
        assert other.status_code == 200


class TestWhoMayAsk:
    @pytest.mark.parametrize("address", sorted({pattern for pattern, _ in HANDLERS}))
    @pytest.mark.parametrize("token", ["", "wrong", "sk-modelops-wrong"])
    async def test_nobody_without_a_token(self, client: Client, address: str, token: str) -> None:
        path = address.replace("(?P<name>.+)", "tiny").replace("(?:/.*)?", "/more").rpartition("/openai/v1/")[2]
        async with client.open(token=token) as http:
            for method in ("GET", "POST"):
                answer = await http.request(method, path, json={"model": "tiny", **CHAT})
                if answer.status_code != 405:
                    assert answer.status_code in {401, 403}
                    assert answer.json()["error"]["type"] in {"authentication_error", "permission_error"}

    async def test_who_has_a_key_for_its_endpoint_alone(self, served: Any, client: Client) -> None:
        await asyncio.to_thread(served.start)
        await asyncio.to_thread(served.start, name="other")
        key = create_key(served.home, "tiny", "ada")
        async with client.open(token=key) as http:
            models = (await http.get("models")).json()
            statuses = [
                (await http.post("chat/completions", json={"model": name, **CHAT})).status_code
                for name in ("tiny", "other", "none")
            ]
            elsewhere = await http.get("../../api/v1/endpoints")

        assert [model["id"] for model in models["data"]] == ["tiny"]
        assert statuses == [200, 404, 404]
        assert elsewhere.status_code == 403

    async def test_no_page_from_elsewhere(self, client: Client) -> None:
        async with client.open(token="", Origin="http://evil.example") as http:
            answer = await http.post("chat/completions", json={"model": "tiny", **CHAT})

        assert answer.status_code in {401, 403, 404}
