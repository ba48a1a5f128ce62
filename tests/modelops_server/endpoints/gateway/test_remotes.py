"""Remote models: named by the configuration alone, and asked there and nowhere else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from modelops.errors import NotFound, Unavailable
from modelops.paths import StateHome
from modelops_server.endpoints.gateway import Gateway
from modelops_server.endpoints.gateway.remotes import configured


class Elsewhere(RequestHandler):
    """Answers with what it was sent; it would rather have one ask somebody else for completions."""

    def post(self, path: str) -> None:
        if path == "completions":
            self.redirect("/v1/chat/completions", status=307)
            return
        key = self.request.headers.get("Authorization")
        self.write({"key": key, "asked": json.loads(self.request.body)})


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    """Where a server elsewhere has its API."""
    socket, port = bind_unused_port()
    server = HTTPServer(Application([("/v1/(.*)", Elsewhere)]))
    server.add_socket(socket)
    yield f"http://127.0.0.1:{port}/v1"
    server.stop()
    await server.close_all_connections()


async def asked(gateway: Gateway, api: Any = "chat/completions", **body: Any) -> tuple[int, Any]:
    async with gateway.forwarded(api, {"model": "big", **body}) as reply:
        content = await reply.whole()
    return reply.status, json.loads(content) if reply.status == 200 else None


@pytest.mark.asyncio
async def test_a_request_goes_there_with_its_key_and_the_name_it_has_there(
    home: StateHome, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIG_KEY", "sk-secret")
    gateway = Gateway(home, remotes=configured({"big": {"url": url, "model": "tgi", "key_env": "BIG_KEY"}}))

    status, said = await asked(gateway, temperature=0)
    listed = await gateway.names()
    await gateway.close()

    assert (status, said) == (200, {"key": "Bearer sk-secret", "asked": {"model": "tgi", "temperature": 0}})
    assert list(listed) == ["big"]
    assert gateway.traffic_as_json("big")["requests"] == 1
    assert "sk-secret" not in repr(listed["big"].address())


@pytest.mark.asyncio
async def test_a_redirect_is_not_followed(home: StateHome, url: str) -> None:
    gateway = Gateway(home, remotes=configured({"big": {"url": url, "model": "tgi"}}))

    status, _ = await asked(gateway, "completions")
    await gateway.close()

    assert status == 307


@pytest.mark.asyncio
async def test_no_other_name_means_it(home: StateHome, url: str) -> None:
    gateway = Gateway(home, remotes=configured({"big": {"url": url, "model": "tgi"}}))

    for name in (url, "tgi", "big/more", "127.0.0.1"):
        with pytest.raises(NotFound):
            await gateway.target(name)


@pytest.mark.asyncio
async def test_without_its_key_and_where_nobody_answers_it_says_so(home: StateHome) -> None:
    there = {"url": "http://127.0.0.1:9/v1", "model": "tgi"}
    gateway = Gateway(home, remotes=configured({"big": {**there, "key_env": "NOT_SET_ANYWHERE"}}))
    silent = Gateway(home, remotes=configured({"big": there}))

    with pytest.raises(Unavailable) as missing:
        await asked(gateway)
    with pytest.raises(Unavailable) as gone:
        await asked(silent)
    await silent.close()

    assert missing.value.code == "key_missing"
    assert "NOT_SET_ANYWHERE" in missing.value.hint
    assert gone.value.code == "engine_unavailable"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("Big Model", {"url": "https://tgi.example/v1", "model": "tgi"}),
        ("big", {"url": "ftp://tgi.example", "model": "tgi"}),
        ("big", {"url": "https://me:secret@tgi.example/v1", "model": "tgi"}),
        ("big", {"url": "https://tgi.example/v1?key=1", "model": "tgi"}),
        ("big", {"model": "tgi"}),
        ("big", {"url": "https://tgi.example/v1", "model": "tgi", "key": "sk-secret"}),
        ("big", "https://tgi.example/v1"),
    ],
)
@pytest.mark.asyncio
async def test_who_names_one_whose_settings_cannot_hold_is_told_so(home: StateHome, name: str, settings: Any) -> None:
    gateway = Gateway(home, remotes=configured({name: settings, "good": {"url": "https://a.example/v1", "model": "a"}}))

    with pytest.raises(Unavailable) as refusal:
        await gateway.target(name)

    assert refusal.value.code == "invalid_remote"
    assert name in refusal.value.message
    assert "secret" not in refusal.value.message
    assert list(await gateway.names()) == ["good"]
