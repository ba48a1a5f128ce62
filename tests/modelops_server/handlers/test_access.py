"""Who may call the API: every route, walked off the route table so that none is forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from tornado.httpclient import HTTPClientError

from modelops_server.handlers import API, ROUTES
from modelops_server.handlers.operation import Operation
from modelops_server.handlers.routes import PARTS

CALLS = [
    pytest.param(method.upper(), f"{API}/{address}", declared, id=f"{method} {route.path}")
    for route in ROUTES
    for method, declared in route.operations().items()
    for address in [route.path.format(**{name: PARTS[name].example for name in route.parts})]
]


async def call(jp_fetch: Any, method: str, address: str, **options: Any) -> HTTPClientError:
    body = None if method in {"GET", "DELETE"} else "{}"
    with pytest.raises(HTTPClientError) as refusal:
        await jp_fetch(*address.strip("/").split("/"), method=method, body=body, **options)
    return refusal.value


@pytest.mark.parametrize(("method", "address", "declared"), CALLS)
async def test_without_a_token_every_route_is_forbidden(
    jp_fetch: Any, method: str, address: str, declared: Operation
) -> None:
    refusal = await call(jp_fetch, method, address, headers={"Authorization": ""})

    assert refusal.code == 403
    assert refusal.response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(refusal.response.body)["code"] == "forbidden"


class TestWithAnAuthorizerThatRefuses:
    @pytest.fixture
    def asked(self) -> list[tuple[str, str]]:
        return []

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any], asked: list[tuple[str, str]]) -> dict[str, Any]:
        class Refusing(Authorizer):
            def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
                asked.append((action, resource))
                return False

        jp_server_config["ServerApp"]["authorizer_class"] = Refusing
        return jp_server_config

    @pytest.mark.parametrize(("method", "address", "declared"), CALLS)
    async def test_every_route_asks_for_its_action_on_its_resource(
        self, jp_fetch: Any, asked: list[tuple[str, str]], method: str, address: str, declared: Operation
    ) -> None:
        refusal = await call(jp_fetch, method, address)

        assert refusal.code == 403
        assert asked == [(declared.action, declared.resource)]


async def test_a_page_of_another_origin_is_refused(jp_fetch: Any) -> None:
    refusal = await call(jp_fetch, "GET", f"{API}/health", headers={"Authorization": "", "Origin": "https://evil.test"})

    assert refusal.code in {403, 404}
