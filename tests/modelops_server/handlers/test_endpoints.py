"""Endpoints over REST: what a panel does, from the plan to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_endpoint import EndpointBench, register_gguf
from tiny_gguf import tiny_gguf

from modelops.paths import StateHome

from .conftest import Api, until

__all__ = ["tiny_gguf"]

SMALL = {"context": 256, "parallel": 2, "threads": 1}


@pytest.fixture
def tiny(home: StateHome, tiny_gguf: Path, jp_serverapp: Any) -> Iterator[str]:
    yield register_gguf(home, tiny_gguf).ref
    EndpointBench(home, tiny_gguf).close()


async def test_an_endpoint_from_its_plan_to_its_end(api: Api, tiny: str) -> None:
    plan = (await api.post("endpoint-plan", {"ref": tiny, "options": SMALL})).json
    assert (plan["problem"], plan["engine"], plan["context"], plan["name"]) == (None, "llamacpp", 256, "tiny")
    assert {engine["name"] for engine in plan["engines"]} == {"llamacpp", "transformers", "vllm"}
    assert 0 < sum(plan["memory"].values()) < plan["free"]

    started = await api.post("endpoints", {"ref": tiny, "options": SMALL})
    assert (started.status, started.json["state"]) == (201, "starting")

    async def ready() -> Any:
        found = (await api.get("endpoints/tiny")).json
        return found if found["state"] == "ready" else None

    found = await until(ready)
    assert found["traffic"]["requests"] == 0
    assert found["parity"][0]["agrees"] is None
    assert b"serves tiny" in (await api.get("endpoints/tiny/log?tail=5")).body
    assert [one["name"] for one in (await api.get("endpoints")).json["endpoints"]] == ["tiny"]
    again = await api.post("endpoints", {"ref": tiny})
    assert (again.status, again.json["code"]) == (409, "endpoint_exists")
    made = (await api.post("endpoints/tiny/keys", {"id": "ada"})).json
    assert made["key"].startswith("sk-modelops-")
    assert [key["id"] for key in (await api.get("endpoints/tiny/keys")).json["keys"]] == ["ada"]
    assert (await api("DELETE", "endpoints/tiny/keys/ada")).status == 204
    assert (await api.post("endpoints/tiny/stop")).json["state"] == "stopped"
    assert (await api.post("endpoints/tiny/restart")).json["state"] in {"starting", "ready"}
    await until(ready)
    assert (await api("DELETE", "endpoints/tiny")).status == 204
    assert (await api.get("endpoints/tiny")).status == 404


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"ref": "nobody"}, "artifact_not_found"),
        ({"ref": "tiny", "engine": "abacus"}, "unknown_engine"),
        ({"ref": "tiny", "options": {"context": 100_000}}, "context_too_long"),
        ({"ref": "tiny", "options": {"max_memory": 1_000_000}}, "out_of_memory"),
        ({"ref": "tiny", "adapters": ["tiny"]}, "not_an_adapter"),
        ({"ref": "tiny", "name": "../up"}, "invalid_name"),
    ],
)
async def test_what_is_in_the_way_is_part_of_the_plan(api: Api, tiny: str, asked: Any, code: str) -> None:
    plan = await api.post("endpoint-plan", asked)
    refused = await api.post("endpoints", asked)

    assert (plan.status, plan.json["problem"]["code"]) == (200, code)
    assert refused.json["code"] == code


async def test_adapters_are_changed_only_of_what_runs(api: Api, tiny: str) -> None:
    await api.post("endpoints", {"ref": tiny, "options": SMALL})
    await asyncio.to_thread(EndpointBench(StateHome.default(), Path()).settled, "tiny")
    missing = await api.post("endpoints/tiny/adapters", {"remove": ["nobody"]})
    await api.post("endpoints/tiny/stop")
    stopped = await api.post("endpoints/tiny/adapters", {"add": ["nobody"]})

    assert (missing.status, missing.json["code"]) == (422, "adapter_not_served")
    assert (stopped.status, stopped.json["code"]) == (409, "endpoint_not_ready")
