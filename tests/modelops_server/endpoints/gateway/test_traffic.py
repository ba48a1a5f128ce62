"""What is counted of what passes, and what an engine's error becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelops_server.endpoints.gateway.gateway import error_of
from modelops_server.endpoints.gateway.traffic import Measured, Passed, Traffic


def passed(*pieces: bytes) -> Passed:
    measured = Measured()
    for piece in pieces:
        measured.piece(piece)
    return measured.passed()


class TestTokens:
    def test_are_as_many_as_the_engine_says(self) -> None:
        usage = json.dumps({"usage": {"completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 1}}}).encode()

        assert passed(b'{"choices": []}', usage).tokens == 7
        assert passed(usage[:20], usage[20:]).tokens == 7

    def test_are_the_pieces_of_a_stream_that_does_not_say(self) -> None:
        piece = b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n'

        assert passed(piece, piece, piece, piece, b"data: [DONE]\n\n").tokens == 3

    def test_are_none_of_what_is_no_answer(self) -> None:
        assert passed(b'{"usage": {"completion_tokens": "many"}}').tokens == 0
        assert passed().tokens == 0


def test_percentiles_are_those_of_what_was_answered() -> None:
    traffic = Traffic()
    for seconds in range(1, 101):
        traffic.add(Passed(seconds / 10, float(seconds), 5), failed=False)
    traffic.add(Passed(0, 1e9, 0), failed=True)

    document = traffic.as_json()
    assert (document["requests"], document["errors"], document["tokens"]) == (101, 1, 500)
    assert document["latency"] == {"p50": 51.0, "p95": 95.0, "p99": 99.0}
    assert document["tokens_per_second"] == pytest.approx(500 / 30)


@pytest.mark.parametrize(
    ("content", "code", "kind"),
    [
        (
            {"error": {"code": 400, "message": "too long", "type": "exceed_context_size_error"}},
            "context_length_exceeded",
            "invalid_request_error",
        ),
        ({"error": {"message": "m", "type": "t", "code": "c"}}, "c", "t"),
        ({"error": "text"}, None, "server_error"),
        ([], None, "server_error"),
    ],
)
def test_an_engines_error_is_said_as_openai_says_it(content: Any, code: str | None, kind: str) -> None:
    error = error_of(json.dumps(content).encode())

    assert (error["code"], error["type"]) == (code, kind)
    assert set(error) == {"message", "type", "param", "code"}
