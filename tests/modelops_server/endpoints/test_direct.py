"""A chat with an engine itself, as the command line has it: whole, or said to be broken off."""

from __future__ import annotations

import os
import signal

import pytest
from tiny_endpoint import EndpointBench

from modelops.errors import Conflict, Unavailable
from modelops_server import endpoints
from modelops_server.endpoints.direct import DirectChat

SAID = [{"role": "user", "content": "Say something."}]
LONG = {"max_tokens": 200, "ignore_eos": True, "temperature": 0}


def test_pieces_come_as_they_are_written_and_make_the_answer(served: EndpointBench) -> None:
    chat = DirectChat(served.start())

    pieces = [list(chat.stream(SAID, **{**LONG, "max_tokens": most})) for most in (4, 16)]

    assert 1 < len(pieces[0]) < len(pieces[1])
    assert "".join(pieces[1]).startswith("".join(pieces[0])[:2])


def test_an_answer_whose_engine_is_killed_is_broken_off(served: EndpointBench) -> None:
    endpoint = served.start()
    answer = DirectChat(endpoint).stream(SAID, **LONG)
    next(answer)
    os.kill(endpoint.status.engine.pid, signal.SIGKILL)  # type: ignore[union-attr]

    with pytest.raises(Unavailable) as broken:
        list(answer)
    assert broken.value.code == "engine_unavailable"


def test_breaking_off_frees_the_engine(served: EndpointBench) -> None:
    chat = DirectChat(served.start(parallel=1))
    answer = chat.stream(SAID, **LONG)
    next(answer)
    answer.close()  # type: ignore[attr-defined]

    assert list(chat.stream(SAID, max_tokens=2, ignore_eos=True))


def test_what_does_not_run_is_named(served: EndpointBench) -> None:
    served.start()
    stopped = endpoints.stop(served.home, "tiny")

    with pytest.raises(Conflict) as refused:
        list(DirectChat(stopped).stream(SAID))
    assert refused.value.code == "endpoint_not_running"
