"""Errors leave the server as RFC 9457 problems, and nothing else leaves with them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jupyter_server.utils import url_path_join
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError

from modelops.errors import InvalidInput, Unavailable
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.operation import operation

ERRORS = {
    "invalid": InvalidInput("invalid_name", "That is no name.", "Use letters.", name="Ä"),
    "unavailable": Unavailable("no_gpu", "There is no GPU.", "Use the CPU."),
    "refused": HTTPError(409, "%s is taken", "support-bot"),
    "unexpected": RuntimeError("the password is hunter2"),
}


class RaisingHandler(ModelOpsHandler):
    @operation("raise", "read", "health")
    def get(self, name: str) -> None:
        raise ERRORS[name]


@pytest.fixture
def raising(jp_serverapp: Any, jp_fetch: Any) -> Any:
    """Fetch a problem that the server makes of one of ``ERRORS``."""
    route = url_path_join(jp_serverapp.base_url, "raising", "(?P<name>[a-z]+)")
    jp_serverapp.web_app.add_handlers(".*$", [(route, RaisingHandler)])

    async def fetch(name: str) -> tuple[HTTPClientError, dict[str, Any]]:
        with pytest.raises(HTTPClientError) as failure:
            await jp_fetch("raising", name)
        return failure.value, json.loads(failure.value.response.body)

    return fetch


async def test_our_errors_keep_code_sentence_hint_and_details(raising: Any) -> None:
    failure, problem = await raising("invalid")

    assert failure.code == 422
    assert failure.response.headers["Content-Type"] == "application/problem+json"
    assert problem == {
        "status": 422,
        "title": "Unprocessable Entity",
        "code": "invalid_name",
        "detail": "That is no name.",
        "hint": "Use letters.",
        "name": "Ä",
    }


async def test_each_kind_of_error_has_its_status(raising: Any) -> None:
    failure, problem = await raising("unavailable")

    assert failure.code == problem["status"] == 503


async def test_an_error_of_the_framework_becomes_a_problem_too(raising: Any) -> None:
    failure, problem = await raising("refused")

    assert failure.code == 409
    assert problem["code"] == "conflict"
    assert problem["detail"] == "support-bot is taken"


async def test_an_unexpected_error_tells_nothing_of_our_insides(raising: Any) -> None:
    failure, problem = await raising("unexpected")

    assert failure.code == 500
    assert problem["code"] == "internal_server_error"
    assert problem["hint"]
    body = failure.response.body.decode()
    assert "hunter2" not in body
    assert "Traceback" not in body
    assert "RuntimeError" not in body


async def test_an_unknown_address_is_a_problem_and_not_a_page(jp_fetch: Any) -> None:
    with pytest.raises(HTTPClientError) as failure:
        await jp_fetch("modelops", "api", "v1", "no-such-thing")

    assert failure.value.code == 404
    assert json.loads(failure.value.response.body)["code"] == "not_found"
