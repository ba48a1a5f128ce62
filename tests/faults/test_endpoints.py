"""F27: endpoints whose engine is killed, hangs, takes too much memory, whose keeper is killed, whose client is gone."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from tiny_endpoint import ask, served
from tiny_gguf import tiny_gguf

from modelops_server import endpoints
from modelops_server.endpoints import Endpoint, State
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.sockets import connections, key_file, socket_folders

__all__ = ["ask", "served", "tiny_gguf"]

Ask = Callable[..., httpx.Response]


def until(served: Any, condition: Callable[[Endpoint], Any], seconds: float = 90.0) -> Endpoint:
    """The endpoint once ``condition`` holds."""
    deadline = time.monotonic() + seconds
    while not condition(found := endpoints.find(served.home, "tiny")):
        assert time.monotonic() < deadline, f"it did not happen in time: {found.as_json()}"
        time.sleep(0.05)
    return found


def test_f27_an_engine_that_is_killed_comes_back(served: Any, ask: Ask) -> None:
    before = served.start()
    for restarts in (1, 2):
        os.kill(endpoints.find(served.home, "tiny").status.engine.pid, signal.SIGKILL)
        after = until(served, lambda found, wanted=restarts: found.ready and found.status.restarts == wanted)
        assert ask(after).status_code == 200
    assert after.status.keeper == before.status.keeper
    assert not before.status.engine.alive


def test_f27_an_engine_that_hangs_is_killed_and_comes_back(served: Any, ask: Ask) -> None:
    before = served.start()
    os.kill(before.status.engine.pid, signal.SIGSTOP)
    restarting = until(served, lambda found: found.status.restarts == 1)
    after = until(served, lambda found: found.ready)

    assert restarting.reason is None or restarting.reason.code == "engine_hung"
    assert ask(after).status_code == 200
    assert not before.status.engine.alive


def test_f27_an_engine_that_takes_too_much_memory_is_ended_and_says_so(served: Any, monkeypatch: Any) -> None:
    # The estimate would have refused it: what is measured is what counts while it runs.
    monkeypatch.setattr(endpoints.planning, "check_fits", lambda *_: None)
    served.start(max_memory=30_000_000)
    failed = until(served, lambda found: found.state.ended)

    assert failed.state is State.FAILED
    assert failed.reason.code == "out_of_memory"
    assert "limit is 30 MB" in failed.reason.detail


def test_f27_a_keeper_that_is_killed_takes_its_engine_along_and_is_revived(served: Any, ask: Ask) -> None:
    before = served.start()
    os.kill(before.status.keeper.pid, signal.SIGKILL)
    lost = until(served, lambda found: found.lost)
    while before.status.engine.alive:
        time.sleep(0.02)

    assert (lost.state, lost.reason.code) == (State.FAILED, "keeper_died")
    assert endpoints.revive(served.home) == ["tiny"]
    after = served.settled("tiny")
    assert ask(after).status_code == 200
    assert not Path(before.status.socket).parent.exists()


def test_f27_an_endpoint_of_an_earlier_boot_is_revived(served: Any, ask: Ask) -> None:
    before = served.start()
    endpoints.stop(served.home, "tiny")
    place = before.place
    old = {"pid": 1, "start_time": 1, "boot_id": "another"}
    place.write_status(before.status.model_validate({**before.status.model_dump(), "keeper": old, "engine": None}))

    assert endpoints.revive(served.home) == ["tiny"]
    assert ask(served.settled("tiny")).status_code == 200


def test_f27_one_whose_engine_is_gone_has_failed_and_keeps_no_other_down(served: Any) -> None:
    before = served.start()
    endpoints.stop(served.home, "tiny")
    old = {"pid": 1, "start_time": 1, "boot_id": "another"}
    lost = before.status.model_validate({**before.status.model_dump(), "keeper": old, "engine": None})
    before.place.write_status(lost)
    other = Place.of(served.home, "another")
    other.write_spec(before.place.spec().model_copy(update={"name": "another", "engine": "abacus"}))
    other.write_status(lost)

    assert endpoints.revive(served.home) == ["tiny"]
    failed = endpoints.find(served.home, "another")
    assert (failed.state, failed.reason.code) == (State.FAILED, "unknown_engine")
    assert endpoints.revive(served.home) == []
    served.settled("tiny")


def test_f27_one_that_was_stopped_stays_so(served: Any) -> None:
    served.start()
    endpoints.stop(served.home, "tiny")

    assert endpoints.revive(served.home) == []
    assert endpoints.find(served.home, "tiny").state is State.STOPPED


def test_f27_a_client_that_is_gone_frees_its_slot(served: Any, ask: Ask) -> None:
    endpoint = served.start(parallel=1, context=512)
    path = Path(endpoint.status.socket)
    key = key_file(path).read_text()
    body = b'{"messages": [{"role": "user", "content": "hi"}], "max_tokens": 450, "ignore_eos": true, "stream": true}'
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: e\r\nAuthorization: Bearer {key}\r\n"
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert client.recv(100)
    while connections(path) > 1:
        time.sleep(0.02)
    answer = ask(endpoint)

    assert answer.status_code == 200


def test_f27_nothing_is_left_of_an_endpoint_however_it_ends(served: Any) -> None:
    ends: list[Callable[[Endpoint], Any]] = [
        lambda found: endpoints.stop(served.home, "tiny"),
        lambda found: os.kill(found.status.keeper.pid, signal.SIGTERM),
        lambda found: (os.kill(found.status.keeper.pid, signal.SIGKILL), endpoints.remove(served.home, "tiny")),
    ]
    for end in ends:
        endpoint = served.start()
        end(endpoint)
        deadline = time.monotonic() + 20
        while endpoint.status.engine.alive or endpoint.status.keeper.alive:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        while socket_folders(endpoint.place):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        if endpoint.place.folder.exists():
            until(served, lambda found: found.state.ended)
