"""Endpoints from their start to their end, with real engines: what runs, what is said, and what is left."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelops.errors import Conflict, InvalidInput, NotFound, Unavailable
from modelops.paths import StateHome
from modelops.registry import Build, Registry
from modelops_server import endpoints
from modelops_server.endpoints import Endpoint, State
from modelops_server.endpoints.sockets import connections, key_file, socket_folders


def left_behind(endpoint: Endpoint) -> list[Path]:
    """The socket folders that an endpoint's engines left."""
    return socket_folders(endpoint.place)


class TestAnEndpointThatRuns:
    def test_answers_whoever_has_its_key(self, served: Any, ask: Callable[..., httpx.Response]) -> None:
        endpoint = served.start()

        assert endpoint.state is State.READY
        answer = ask(endpoint).json()
        assert answer["usage"]["completion_tokens"] == 8
        assert endpoint.status.model_names == ("tiny",)

    def test_keeps_socket_and_key_to_its_owner(self, served: Any) -> None:
        endpoint = served.start()
        socket = Path(endpoint.status.socket)

        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(key_file(socket).stat().st_mode) == 0o600
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://engine") as client:
            assert client.post("/v1/chat/completions", json={"messages": []}).status_code == 401
        key = key_file(socket).read_text()
        for pid in (endpoint.status.keeper.pid, endpoint.status.engine.pid):
            for seen in ("cmdline", "environ"):
                assert key.encode() not in Path(f"/proc/{pid}/{seen}").read_bytes()

    def test_says_how_it_is(self, served: Any) -> None:
        document = served.start(max_memory=10**10).as_json()

        assert (document["engine"], document["ref"], document["context"]) == ("llamacpp", "tiny@1", 256)
        assert document["memory"] > 10**7
        assert "socket" not in document

    def test_is_the_only_one_of_its_name(self, served: Any) -> None:
        served.start()

        with pytest.raises(Conflict, match="runs already"):
            served.start()

    def test_stops_and_leaves_nothing(self, served: Any, alive: Callable[[str], list[Any]]) -> None:
        endpoint = served.start()
        stopped = endpoints.stop(served.home, "tiny")

        assert (stopped.state, stopped.reason) == (State.STOPPED, None)
        assert not endpoint.status.keeper.alive
        assert not endpoint.status.engine.alive
        assert left_behind(endpoint) == []
        assert list(served.home.scratch.glob("private-*")) == []
        assert endpoints.stop(served.home, "tiny").state is State.STOPPED

    def test_is_started_again_as_it_was_asked_for(self, served: Any, ask: Callable[..., httpx.Response]) -> None:
        before = served.start()
        endpoints.restart(served.home, "tiny")
        after = served.settled("tiny")

        assert after.spec == before.spec
        assert after.status.engine != before.status.engine
        assert ask(after).status_code == 200

    def test_stops_when_nobody_uses_it(self, served: Any) -> None:
        endpoint = served.start(idle_minutes=0.5)
        os.utime(endpoint.place.used, (0, 0))

        while (found := endpoints.find(served.home, "tiny")).state is not State.STOPPED:
            time.sleep(0.05)
        assert found.reason is not None
        assert found.reason.code == "idle"

    def test_does_not_stop_while_somebody_is_connected(self, served: Any) -> None:
        endpoint = served.start(idle_minutes=0.5)
        socket = Path(endpoint.status.socket)
        transport = httpx.HTTPTransport(uds=str(socket))
        with httpx.Client(transport=transport, base_url="http://engine") as client:
            client.get("/health")
            assert connections(socket) == 2
            os.utime(endpoint.place.used, (0, 0))
            while endpoint.place.used.stat().st_mtime == 0:
                time.sleep(0.05)
            assert endpoints.find(served.home, "tiny").ready

    def test_is_removed_with_its_log(self, served: Any) -> None:
        endpoint = served.start()
        endpoints.remove(served.home, "tiny")

        assert not endpoint.place.folder.exists()
        with pytest.raises(NotFound, match="There is no endpoint"):
            endpoints.find(served.home, "tiny")


class TestAnEndpointThatCannotStart:
    def test_says_that_a_model_was_changed(self, served: Any) -> None:
        served.start()
        endpoints.stop(served.home, "tiny")
        registry = Registry(served.home)
        gguf = next(file for file in registry.get("tiny").files if file.path.endswith(".gguf"))
        blob = registry.blobs.path(gguf.sha256)
        blob.chmod(0o644)
        with blob.open("r+b") as stream:
            stream.seek(-1, os.SEEK_END)
            stream.write(b"x")
        endpoints.restart(served.home, "tiny")
        failed = served.settled("tiny")

        assert failed.state is State.FAILED
        assert failed.reason.code == "digest_mismatch"

    def test_says_what_the_engine_said(self, served: Any, home: StateHome, tmp_path: Path) -> None:
        folder = tmp_path / "broken"
        folder.mkdir()
        content = bytearray(served.gguf.read_bytes())
        place = content.index(b"llama.block_count") + len("llama.block_count") + 4
        content[place : place + 4] = (7).to_bytes(4, "little")
        (folder / "broken.gguf").write_bytes(content)
        Registry(home).register(folder, name="broken", kind="model", metadata={}, build=Build("import", {}, ()))
        failed = served.start("broken")

        assert failed.state is State.FAILED
        assert failed.reason.code == "engine_ended"
        assert "llama.cpp" in failed.reason.detail
        assert left_behind(failed) == []

    def test_is_refused_without_the_memory_for_it(self, served: Any) -> None:
        with pytest.raises(Unavailable, match="are allowed") as refused:
            served.start(max_memory=10**6)

        assert refused.value.code == "out_of_memory"
        assert endpoints.endpoints(served.home) == []

    def test_is_refused_for_what_did_not_pass_its_gate(self, served: Any, tmp_path: Path) -> None:
        folder = tmp_path / "rejected"
        folder.mkdir()
        (folder / "tiny.gguf").write_bytes(served.gguf.read_bytes())
        gate = {"verdict": "rejected", "reasons": ["It is much worse."]}
        Registry(served.home).register(
            folder, name="worse", kind="model", metadata={"gate": gate}, build=Build("import", {}, ())
        )

        with pytest.raises(Conflict, match="It is much worse"):
            served.start("worse")
        assert served.start("worse", allow_rejected=True).state is State.READY

    @pytest.mark.parametrize(("name", "code"), [("../up", "invalid_name"), ("Upper", "invalid_name")])
    def test_is_refused_for_a_name_that_is_none(self, served: Any, name: str, code: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            served.start(name=name)

        assert refused.value.code == code

    def test_is_refused_for_more_context_than_the_model_has(self, served: Any) -> None:
        with pytest.raises(InvalidInput, match="512 tokens, not for 9,000"):
            served.start(context=9000)

    def test_is_refused_for_what_is_no_model(self, served: Any, home: StateHome, tmp_path: Path) -> None:
        (tmp_path / "rows").mkdir()
        (tmp_path / "rows" / "rows.jsonl").write_text("{}\n")
        Registry(home).register(
            tmp_path / "rows", name="rows", kind="dataset", metadata={}, build=Build("import", {}, ())
        )
        with pytest.raises(InvalidInput, match="is of kind dataset"):
            served.start("rows")

    def test_is_refused_for_an_engine_that_nobody_knows(self, served: Any) -> None:
        with pytest.raises(NotFound, match="llamacpp, retrieval, transformers"):
            served.start(engine="abacus")


def test_a_damaged_endpoint_is_not_listed_and_can_be_removed(served: Any) -> None:
    endpoint = served.start()
    engine = endpoint.status.engine
    (endpoint.place.folder / "status.json").write_text("{")

    assert endpoints.endpoints(served.home) == []
    with pytest.raises(Unavailable, match="cannot be read"):
        endpoints.find(served.home, "tiny")
    endpoints.remove(served.home, "tiny")
    assert not endpoint.place.folder.exists()
    assert not engine.alive


def test_a_signal_that_comes_while_it_starts_stops_it(served: Any) -> None:
    starting = served.start(wait=False)
    os.kill(starting.status.keeper.pid, signal.SIGTERM)

    assert served.settled("tiny").state in {State.STOPPED, State.READY}
    while not endpoints.find(served.home, "tiny").state.ended:
        time.sleep(0.05)
    assert left_behind(starting) == []
