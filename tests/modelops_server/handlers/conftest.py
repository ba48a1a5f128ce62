"""A Jupyter server in this process, with the extension loaded, and a client that holds each answer to its contract."""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
import summaries

# Its hooks run coroutine tests on the server's loop; imported here, they concern this folder only.
from pytest_jupyter.jupyter_server import *  # noqa: F403
from tornado.httpclient import HTTPResponse

from modelops.paths import StateHome
from modelops_server.handlers import ROUTES
from modelops_server.handlers.answers.problems import Problem
from modelops_server.handlers.operation import JSON

WALKED: Counter[str] = Counter()
"""What a test's walk over the route table did, for the line at the end of the run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell schemathesis's tests of one function apart by their ids, as their names do: of equal ids xdist runs one."""
    for item in items:
        if label := getattr(item, "operation_label", None):
            item._id = replace(item.id, params=label)


@pytest.fixture(autouse=True)
def report_the_walk(record_property: Callable[[str, object], None]) -> Iterator[None]:
    WALKED.clear()
    yield
    for what in WALKED.items():
        record_property(summaries.WALKED, what)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateHome:
    """Named otherwise than everywhere else: ``tmp_path/home`` is the user's home folder here."""
    root = tmp_path / "state"
    monkeypatch.setenv("MODELOPS_HOME", str(root))
    return StateHome(root)


@pytest.fixture
def jp_root_dir(tmp_path: Path) -> Path:
    """Where the tests' notebooks are: requests name them by paths below the server's root folder."""
    return tmp_path


@pytest.fixture
def jp_server_config(home: StateHome) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"modelops_server": True}},
        "ModelOpsApp": {"state_home": str(home.root), "schedule": False},
    }


async def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What ``condition()`` is, once that is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if inspect.isawaitable(result):
            result = await result
        if result:
            return result
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen in time")


class Answer:
    """What the server answered."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status, self.headers, self.body = response.code, response.headers, response.body or b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cookies(self) -> dict[str, str]:
        found = SimpleCookie("; ".join(self.headers.get_list("Set-Cookie")))
        return {name: morsel.value for name, morsel in found.items()}


class Api:
    """Sends requests to the API just as they are written, and holds every answer to what the route declares."""

    def __init__(self, client: Any, base: str, authorization: dict[str, str]) -> None:
        self.client, self.base, self.authorization = client, base, authorization

    @property
    def origin(self) -> str:
        """Where a page of this server comes from."""
        return str(self.client.get_url("/"))

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        response = await self.client.fetch(
            f"{self.base}modelops/api/v1/{path}",
            method=method,
            body=content,
            headers=self.authorization if headers is None else headers,
            allow_nonstandard_methods=True,
            raise_error=False,
            request_timeout=60,
        )
        answer = Answer(response)
        self._check(method, path.partition("?")[0], answer)
        return answer

    async def get(self, path: str, **options: Any) -> Answer:
        return await self("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self("POST", path, {} if body is None else body, **options)

    def _check(self, method: str, path: str, answer: Answer) -> None:
        if answer.status >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            if method != "HEAD":
                assert Problem.model_validate(answer.json).status == answer.status
            return
        declared = next(route for route in ROUTES if route.matches(path)).operations()[method.lower()]
        assert answer.status == declared.status
        if answer.status != 204:
            assert answer.headers["Content-Type"].partition(";")[0] in declared.media
        if declared.answer is not None and answer.headers["Content-Type"] == JSON:
            declared.answer.model_validate(answer.json)


@pytest.fixture
def api(jp_serverapp: Any, http_server_client: Any, jp_auth_header: dict[str, str], jp_base_url: str) -> Api:
    return Api(http_server_client, jp_base_url, jp_auth_header)
