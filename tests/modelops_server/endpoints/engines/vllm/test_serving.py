"""vLLM for real: its environment is made, and an endpoint with an adapter starts, answers and ends."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelops.models import load_for_inference
from modelops.parity import FILE, record_golden
from modelops.paths import StateHome
from modelops.registry import Build, Registry
from modelops_server import endpoints
from modelops_server.endpoints.sockets import engine_api
from modelops_server.environments import environment
from modelops_server.environments.creation import create

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]


@pytest.fixture
def vllm(home: StateHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateHome]:
    """A state home with the environment of vLLM, in which no endpoint is left."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    create(environment(home, "vllm-cpu"), lambda _: None)
    yield home
    for endpoint in endpoints.endpoints(home):
        endpoints.remove(home, endpoint.name)


@pytest.fixture
def wide_headed(learned_model: Path, tmp_path: Path) -> Path:
    """The learned model with its heads taken two by two: vLLM has no attention for heads of 16 numbers."""
    folder = tmp_path / "wide-headed"
    shutil.copytree(learned_model, folder)
    config = json.loads((folder / "config.json").read_text())
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32}
    (folder / "config.json").write_text(json.dumps({**config, **heads}))
    return folder


def test_it_answers_as_its_model_was_evaluated(
    vllm: StateHome, wide_headed: Path, learned_adapters: list[dict[str, str]], tmp_path: Path
) -> None:
    registry = Registry(vllm)

    def register(folder: str | Path, name: str, kind: str, **metadata: Any) -> Any:
        shutil.copytree(folder, tmp_path / name)
        if kind == "model":
            golden = record_golden(*load_for_inference(wide_headed))
            (tmp_path / name / FILE).write_text(json.dumps(golden.as_json()))
        return registry.register(
            tmp_path / name, name=name, kind=kind, metadata=metadata, build=Build("import", {}, ())
        )

    base = register(wide_headed, "base", "model")
    register(learned_adapters[0]["folder"], "next", "adapter", base_model=base.ref, base_digest=base.digest)
    options = endpoints.Options(context=256, parallel=2, threads=2)
    endpoints.start(vllm, endpoints.plan(vllm, "base", engine="vllm", adapters=["next"], options=options))
    endpoint = endpoints.wait_until_settled(vllm, "base")

    assert endpoint.ready, endpoint.reason
    assert [(one["name"], one["agrees"]) for one in endpoint.status.parity] == [("base", True), ("base/next", None)]
    socket = Path(endpoint.status.socket or "")
    said = {}
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=60, **engine_api(socket)) as client:
        for name in endpoint.status.model_names:
            asked = {
                "model": name,
                "messages": [{"role": "user", "content": "Sky?"}],
                "max_tokens": 20,
                "temperature": 0,
            }
            said[name] = client.post("chat/completions", json=asked).json()["choices"][0]["message"]["content"]
            with client.stream("POST", "chat/completions", json={**asked, "stream": True}) as answer:
                pieces = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
            assert pieces.pop() == "[DONE]"
            choices = [json.loads(piece)["choices"][0] for piece in pieces]
            assert "".join(choice["delta"].get("content") or "" for choice in choices) == said[name]
    assert said["base"] != said["base/next"]
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://engine") as stranger:
        assert stranger.get("/v1/models").status_code == 401

    endpoints.stop(vllm, "base")

    assert not socket.exists()
