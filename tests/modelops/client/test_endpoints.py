"""Endpoints from Python, against a real server and a real engine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from scripted_endpoint import ScriptedEndpoint
from tiny_endpoint import register_gguf, serving

from modelops import Client
from modelops.client import Endpoint
from modelops.errors import Conflict, InvalidInput, NotFound, Unavailable


@pytest.fixture(scope="module")
def endpoint(running_server: Any, tiny_gguf: Path) -> Iterator[Endpoint]:
    register_gguf(running_server.home, tiny_gguf, "spoken-to")
    with Client(running_server.url, running_server.token) as client, serving(client, "spoken-to") as started:
        yield started


def test_a_question_is_answered_with_what_it_took(endpoint: Endpoint) -> None:
    reply = endpoint.chat("hi", max_tokens=8, ignore_eos=True)

    assert reply.text
    assert (reply.finish_reason, reply.tokens) == ("length", 8)
    assert reply.first is not None
    assert reply.tokens_per_second


def test_an_answer_comes_piece_by_piece(endpoint: Endpoint) -> None:
    asked = endpoint.stream([{"role": "user", "content": "hi"}], max_tokens=8, ignore_eos=True, temperature=0)

    pieces = list(asked)

    assert len(pieces) > 1
    assert "".join(pieces) == asked.text == endpoint.chat("hi", max_tokens=8, ignore_eos=True, temperature=0).text


def test_a_reader_that_breaks_off_frees_the_engine(endpoint: Endpoint) -> None:
    for _ in range(6):  # three times as many as are answered at a time
        answer = iter(endpoint.stream("hi", max_tokens=200, ignore_eos=True))
        next(answer)
        answer.close()

    assert endpoint.chat("hi", max_tokens=2).text is not None


def test_another_thread_breaks_it_off_before_and_after_its_first_piece() -> None:
    scripted = ScriptedEndpoint(["word "] * 600, pause=0.05)
    waiting, running = scripted.stream("hi"), scripted.stream("hi")
    waiting.stop()
    read = threading.Thread(target=running.read)
    read.start()
    while not running.text:
        time.sleep(0.01)
    running.stop()
    read.join(10)

    assert waiting.read().text == ""
    assert not read.is_alive()
    assert running.stopped
    assert running.finish_reason is None
    assert scripted.hung_up.wait(10)
    scripted.close()


def test_an_engine_that_is_silent_is_left_at_once(endpoint: Endpoint, running_server: Any) -> None:
    status = json.loads((running_server.home.root / "endpoints/spoken-to/status.json").read_text())
    engine = psutil.Process(status["engine"]["pid"])
    engine.suspend()
    asked = endpoint.stream("hi")
    read = threading.Thread(target=asked.read)
    read.start()
    read.join(0.5)
    assert read.is_alive()

    asked.stop()
    read.join(10)
    engine.resume()

    assert not read.is_alive()
    assert asked.text == ""


def test_what_the_endpoint_refuses_is_an_error(endpoint: Endpoint) -> None:
    with pytest.raises(NotFound) as unknown:
        endpoint.chat("hi", model="nobody")
    with pytest.raises(InvalidInput) as too_long:
        endpoint.chat("word " * 2000)

    assert unknown.value.code == "model_not_found"
    assert too_long.value.code == "context_length_exceeded"


def test_it_is_found_by_name_and_listed(endpoint: Endpoint, client: Client) -> None:
    assert client.endpoints["spoken-to"].models == ["spoken-to"]
    assert [found.name for found in client.endpoints.list()] == ["spoken-to"]
    with pytest.raises(NotFound):
        client.endpoints.get("nobody")


def test_one_that_was_stopped_is_started_again(endpoint: Endpoint) -> None:
    endpoint.stop()
    with pytest.raises(Conflict):
        endpoint.chat("hi")
    with pytest.raises(Unavailable):
        endpoint.wait()

    assert endpoint.restart().wait().ready


def test_openais_client_is_told_where_it_is(endpoint: Endpoint, running_server: Any) -> None:
    assert endpoint.openai == {
        "base_url": f"{running_server.url}modelops/openai/v1/",
        "api_key": running_server.token,
    }
