"""Adapters as llama.cpp reads them: converted by its own converter, they answer as PEFT computes them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from made_environments import made
from safetensors.torch import load_file, save_file
from tiny_answers import NEXT, QUESTIONS, THIRD
from tiny_gguf import write_gguf

from modelops.errors import Unavailable
from modelops.models import chat_prompt, load_adapted, write_greedily
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Registry
from modelops_server import endpoints
from modelops_server.endpoints import Endpoint
from modelops_server.endpoints.engines import load_engine
from modelops_server.endpoints.engines.llamacpp.adapters import convert_adapter
from modelops_server.endpoints.sockets import engine_api
from modelops_server.environments import Environment

MOST = 64


@pytest.fixture(scope="session")
def converter(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment with llama.cpp's converter: a part of a source distribution, of which nothing is compiled."""
    return made("llamacpp", tmp_path_factory)


@pytest.fixture(scope="module")
def registry(converter: Environment) -> Iterator[Registry]:
    """The registry of the state home that has the converter; no endpoint is left."""
    home = converter.home
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELOPS_HOME", str(home.root))
        patch.setenv("JUPYTER_DATA_DIR", str(home.root / "jupyter"))
        yield Registry(home)
        for endpoint in endpoints.endpoints(home):
            endpoints.remove(home, endpoint.name)


@pytest.fixture(scope="module")
def base(registry: Registry, learned_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The learned model, and its GGUF file beside it as ``base-f32``."""
    found = register(registry, learned_model, "base", "model")
    folder = tmp_path_factory.mktemp("f32")
    write_gguf(learned_model, folder / "base.gguf")
    facts = {"quantization": "f32", "parameter_count": 100_000, "context_length": 512, "base_digest": found.digest}
    registry.register(folder, name="base-f32", kind="model", metadata=facts, build=Build("import", {}, ()))
    return found


def register(registry: Registry, folder: Path, name: str, kind: str, base: Artifact | None = None) -> Artifact:
    copy = registry.home.root / f"to-register-{name}"
    shutil.copytree(folder, copy)
    metadata = {"base_model": base.ref, "base_digest": base.digest} if base else {}
    return registry.register(copy, name=name, kind=kind, metadata=metadata, build=Build("import", {}, ()))


def computed(model: Path, adapter: str, question: str) -> str:
    """What PEFT answers, greedily."""
    adapted, tokenizer = load_adapted(model, adapter)
    prompt = chat_prompt(tokenizer, [{"role": "user", "content": question}])
    written = write_greedily(adapted, tokenizer, prompt, MOST)
    return str(tokenizer.decode(written.ids, skip_special_tokens=True))


def said(endpoint: Endpoint, model: str, question: str) -> str:
    """What llama.cpp answers, greedily, to a request that names a model as clients do."""
    socket = Path(endpoint.status.socket or "")
    asked = {"messages": [{"role": "user", "content": question}], "max_tokens": MOST, "temperature": 0}
    body = load_engine(endpoint.spec.engine).request(
        {"model": model, **asked}, endpoint.spec, model.partition("/")[2] or None
    )
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=60, **engine_api(socket)) as client:
        answer = client.post("chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


def test_each_adapter_answers_as_peft_computes_it(
    registry: Registry, base: Artifact, learned_model: Path, learned_adapters: list[dict[str, str]]
) -> None:
    names = [one["name"] for one in learned_adapters]
    for one in learned_adapters:
        register(registry, Path(one["folder"]), one["name"], "adapter", base)
    options = endpoints.Options(context=256, parallel=2, threads=1)
    planned = endpoints.plan(registry.home, "base-f32", engine="llamacpp", adapters=names, options=options)
    endpoints.start(registry.home, planned)
    endpoint = endpoints.wait_until_settled(registry.home, "base-f32")

    assert endpoint.ready, endpoint.reason
    for one, learned in zip(learned_adapters, (NEXT, THIRD), strict=True):
        assert [computed(learned_model, one["folder"], question) for question in learned] == list(learned.values())
    answers = {"base-f32": QUESTIONS, **dict(zip((f"base-f32/{name}" for name in names), (NEXT, THIRD), strict=True))}
    # The same questions in turn, and each model's one after the other: what was computed for one is no other's.
    for question in QUESTIONS:
        assert {name: said(endpoint, name, question) for name in answers} == {
            name: learned[question] for name, learned in answers.items()
        }
    for name, learned in answers.items():
        assert [said(endpoint, name, question) for question in QUESTIONS] == list(learned.values())


def test_what_cannot_be_converted_is_said_in_the_converters_words(
    registry: Registry, base: Artifact, learned_adapters: list[dict[str, str]], tmp_path: Path
) -> None:
    folder = tmp_path / "strange"
    shutil.copytree(learned_adapters[0]["folder"], folder)
    weights = folder / "adapter_model.safetensors"
    save_file({key.replace("q_proj", "psychic_proj"): value for key, value in load_file(weights).items()}, weights)
    strange = register(registry, folder, "strange", "adapter", base)

    with pytest.raises(Unavailable) as refusal:
        convert_adapter(strange.ref, folder, tmp_path / "strange.gguf", registry.home)

    assert refusal.value.code == "conversion_failed"
    assert "psychic_proj" in refusal.value.message


def test_without_the_converter_it_says_how_to_get_it(home: StateHome, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refusal:
        convert_adapter("any", tmp_path, tmp_path / "any.gguf", home)

    assert "modelops env create llamacpp" in refusal.value.hint
