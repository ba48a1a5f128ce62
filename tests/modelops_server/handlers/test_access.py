"""Who may call the API: every method of every route, walked off the route table so that none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth import Authorizer

from modelops_server.handlers import ROUTES
from modelops_server.handlers.openapi import document
from modelops_server.handlers.operation import Operation
from modelops_server.handlers.routes import METHODS, PARTS

from .conftest import WALKED, Api


def walk() -> Iterator[tuple[str, str, Operation | None]]:
    """Every route with every method, and what it declares for it."""
    for route in ROUTES:
        path = route.path.format(**{name: PARTS[name].example for name in route.parts})
        for method in METHODS:
            yield method.upper(), path, route.operations().get(method)


DECLARED = [(method, path, declared) for method, path, declared in walk() if declared is not None]


class TestTheDocument:
    def test_has_every_route_with_every_method(self) -> None:
        paths = document()["paths"]

        described = {(path, method) for path, item in paths.items() for method in item if method in METHODS}
        assert described == {(f"/{route.path}", method) for route in ROUTES for method in route.operations()}
        WALKED["routes"] = len(ROUTES)
        WALKED["methods"] = len(described)

    def test_and_the_page_for_readers_list_the_same_rights(self) -> None:
        page = (Path(__file__).parents[3] / "docs" / "rest-api.md").read_text()

        assert [line for line in page.splitlines() if line.endswith("` |")] == [
            f"| `{method.upper()} {route.path}` | {declared.summary} | `{declared.action}` | `{declared.resource}` |"
            for route in ROUTES
            for method, declared in route.operations().items()
        ]

    def test_names_action_and_resource_of_every_method(self) -> None:
        for item in document()["paths"].values():
            for method in set(item) & set(METHODS):
                assert item[method]["x-resource"].startswith("modelops:")
                assert item[method]["x-action"] in {"read", "write", "execute"}


async def test_without_a_token_nothing_is_answered(api: Api) -> None:
    for method, path, _ in walk():
        refusal = await api(method, path, headers={})
        assert refusal.status == 403, (method, path)
        assert method == "HEAD" or refusal.json["code"] == "forbidden"
        WALKED["refused without a token"] += 1


async def test_a_wrong_token_is_none(api: Api) -> None:
    for method, path, _ in DECLARED:
        assert (await api(method, path, headers={"Authorization": "token wrong"})).status == 403, (method, path)
        WALKED["refused with a wrong token"] += 1


class TestAForeignUser:
    @pytest.fixture
    def asked(self) -> list[tuple[str, str]]:
        return []

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any], asked: list[tuple[str, str]]) -> dict[str, Any]:
        class OwnerOnly(Authorizer):
            def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
                asked.append((action, resource))
                return bool(user.username == "the owner")

        jp_server_config["ServerApp"]["authorizer_class"] = OwnerOnly
        return jp_server_config

    async def test_may_do_nothing_and_is_asked_about_each_action_and_resource(
        self, api: Api, asked: list[tuple[str, str]]
    ) -> None:
        for method, path, declared in walk():
            asked.clear()
            refusal = await api(method, path)
            if declared is None:
                assert refusal.status == 405, (method, path)
                assert method not in refusal.headers["Allow"].split(", ")
                continue
            assert refusal.status == 403, (method, path)
            assert asked == [(declared.action, declared.resource)]
            WALKED["refused to a foreign user"] += 1


class TestReadOnlyRights:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        class Reading(Authorizer):
            def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
                return action == "read"

        jp_server_config["ServerApp"]["authorizer_class"] = Reading
        return jp_server_config

    async def test_let_read_and_nothing_else(self, api: Api) -> None:
        for method, path, declared in DECLARED:
            answer = await api(method, path, None if method == "GET" else {})
            if declared.action == "read":
                assert answer.status != 403, (method, path)
                WALKED["answered with read-only rights"] += 1
            else:
                assert (answer.status, answer.json["code"]) == (403, "forbidden"), (method, path)
                WALKED["refused with read-only rights"] += 1


async def test_a_browsers_cookie_alone_changes_nothing(api: Api, jp_serverapp: Any) -> None:
    logged_in = await api("GET", f"health?token={jp_serverapp.identity_provider.token}", headers={})
    cookie = "; ".join(f"{name}={value}" for name, value in logged_in.cookies.items())
    assert (await api("GET", "health", headers={"Cookie": cookie, "Referer": api.origin})).status == 200

    for method, path, _ in DECLARED:
        if method != "GET":
            refusal = await api(method, path, {}, headers={"Cookie": cookie, "Referer": api.origin})
            assert refusal.status == 403, (method, path)
            assert "_xsrf" in refusal.json["detail"]
            WALKED["refused without XSRF token"] += 1


async def test_a_page_of_another_origin_is_refused(api: Api) -> None:
    refusal = await api("GET", "health", headers={"Origin": "https://evil.test"})

    assert refusal.status in {403, 404}


async def test_an_unknown_address_is_a_problem_for_those_who_are_logged_in(api: Api) -> None:
    for method in METHODS:
        assert (await api(method.upper(), "no-such-thing")).status == 404
        assert (await api(method.upper(), "no-such-thing", headers={})).status == 403
