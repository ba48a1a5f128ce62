"""Served as evaluated: endpoints of models and adapters with golden prompts, and of such as are not what they say."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelops.models import load_adapted, load_for_inference
from modelops.parity import FILE, record_golden
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Registry
from modelops_server import endpoints
from modelops_server.endpoints import Endpoint, State
from modelops_server.endpoints.sockets import engine_api


@pytest.fixture
def artifacts(
    home: StateHome, learned_model: Path, learned_adapters: list[dict[str, str]], tmp_path: Path
) -> Iterator[dict[str, Artifact]]:
    """The learned model and its adapters, with golden prompts, and a twin of an adapter with those of the other."""
    registry = Registry(home)

    def register(folder: Path, name: str, golden: Any, **metadata: Any) -> Artifact:
        copy = tmp_path / name
        shutil.copytree(folder, copy)
        (copy / FILE).write_text(json.dumps(golden.as_json()))
        kind = "adapter" if metadata else "model"
        return registry.register(copy, name=name, kind=kind, metadata=metadata, build=Build("import", {}, ()))

    base = register(learned_model, "base", record_golden(*load_for_inference(learned_model)))
    trained = {"base_model": base.ref, "base_digest": base.digest}
    found = {"base": base}
    goldens = [record_golden(*load_adapted(learned_model, one["folder"])) for one in learned_adapters]
    for name, folder, golden in (
        ("next", learned_adapters[0], goldens[0]),
        ("third", learned_adapters[1], goldens[1]),
        ("mixed-up", learned_adapters[0], goldens[1]),
    ):
        found[name] = register(Path(folder["folder"]), name, golden, **trained)
    yield found
    for endpoint in endpoints.endpoints(home):
        endpoints.remove(home, endpoint.name)


def serve(home: StateHome, ref: str, **options: Any) -> Endpoint:
    adapters = options.pop("adapters", ())
    asked = endpoints.Options(**{"context": 256, "parallel": 2, "threads": 1, **options})
    started = endpoints.start(home, endpoints.plan(home, ref, adapters=adapters, options=asked))
    return endpoints.wait_until_settled(home, started.name)


def say(endpoint: Endpoint, model: str, text: str = "Sky?") -> str:
    socket = Path(endpoint.status.socket or "")
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=60, **engine_api(socket)) as client:
        asked = {"messages": [{"role": "user", "content": text}], "max_tokens": 20, "temperature": 0}
        answer = client.post("chat/completions", json={"model": model, **asked})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


def test_adapters_come_and_go_while_their_base_answers(home: StateHome, artifacts: dict[str, Artifact]) -> None:
    endpoint = serve(home, "base", adapters=["next"])
    assert endpoint.status.model_names == ("base", "base/next")
    assert [(one["name"], one["agrees"]) for one in endpoint.status.parity] == [("base", True), ("base/next", True)]
    before = {name: say(endpoint, name) for name in endpoint.status.model_names}

    endpoints.set_adapters(home, "base", add=["third"], remove_names=["next"])
    while (found := endpoints.find(home, "base")).status.engine == endpoint.status.engine:
        assert say(endpoint, "base/next") == before["base/next"]  # the old engine goes on until the new one is ready
    changed = wait_for(home, lambda one: one.status.model_names == ("base", "base/third"))

    assert found.ready
    assert say(changed, "base") == before["base"]
    assert say(changed, "base/third") not in before.values()
    assert changed.status.restarts == 0
    wait_for(home, lambda one: endpoint.status.engine is not None and not endpoint.status.engine.alive)


def test_an_adapter_that_cannot_be_served_leaves_everything_as_it_is(
    home: StateHome, artifacts: dict[str, Artifact]
) -> None:
    endpoint = serve(home, "base", adapters=["next"])
    endpoints.set_adapters(home, "base", add=["mixed-up"])
    refused = wait_for(home, lambda one: one.reason is not None)

    assert refused.reason is not None
    assert refused.reason.code == "parity_diverged"
    after = wait_for(home, lambda one: one.ready and one.status.socket == endpoint.status.socket)
    assert after.status.model_names == ("base", "base/next")
    assert after.spec == endpoint.spec
    assert say(after, "base/next")


def test_an_adapter_alone_is_its_base_with_it_applied(home: StateHome, artifacts: dict[str, Artifact]) -> None:
    endpoint = serve(home, "next")

    assert (endpoint.spec.model.ref, endpoint.spec.engine) == ("base@1", "transformers")
    assert endpoint.status.model_names == ("next",)
    assert endpoint.status.parity[0]["agrees"] is True


def test_what_does_not_answer_as_it_was_evaluated_is_refused(home: StateHome, artifacts: dict[str, Artifact]) -> None:
    refused = serve(home, "mixed-up")

    assert refused.state is State.FAILED
    assert refused.reason is not None
    assert refused.reason.code == "parity_diverged"
    assert "not served as evaluated" in refused.reason.detail
    assert refused.status.parity[0]["divergence"]["served"] != refused.status.parity[0]["divergence"]["expected"]


def test_or_served_with_a_warning(home: StateHome, artifacts: dict[str, Artifact]) -> None:
    warned = serve(home, "mixed-up", parity="warn")

    assert warned.ready
    assert warned.status.parity[0]["agrees"] is False


def test_an_adapter_of_another_model_is_refused(home: StateHome, artifacts: dict[str, Artifact]) -> None:
    registry = Registry(home)
    with registry.verified_open("base") as opened:
        other = registry.register(
            opened.path, name="other", kind="model", metadata={"n": 1}, build=Build("import", {}, ())
        )

    with pytest.raises(endpoints.servable.VerificationError, match="was trained on base@1, which is not other@1"):
        serve(home, other.ref, adapters=["next"])


def wait_for(home: StateHome, condition: Callable[[Endpoint], bool], seconds: float = 90.0) -> Endpoint:
    deadline = time.monotonic() + seconds
    while not condition(found := endpoints.find(home, "base")):
        assert time.monotonic() < deadline, f"it did not happen in time: {found.as_json()}"
        time.sleep(0.05)
    return found
