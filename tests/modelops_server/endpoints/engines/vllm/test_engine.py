"""How vLLM is asked to serve, and what it refuses; vLLM itself is not needed for that."""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelops.errors import InvalidInput, Unavailable
from modelops.machine.hardware import Processor
from modelops.paths import StateHome
from modelops.registry import Build, Registry
from modelops_server.endpoints.engines import choose_engine, engine_names, load_engine
from modelops_server.endpoints.engines.assignment import AdapterFolder, Assignment
from modelops_server.endpoints.engines.vllm import command, engine
from modelops_server.endpoints.engines.vllm.command import arguments
from modelops_server.endpoints.engines.vllm.engine import Vllm
from modelops_server.endpoints.memory import Shape, shape_of
from modelops_server.endpoints.planning import look
from modelops_server.endpoints.servable import Servable
from modelops_server.endpoints.spec import Options

CONFIG = {"num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64}
CACHED = 3 * 2 * 2 * 16
"""Numbers that a token leaves in all caches of such a model."""


@pytest.fixture(params=["float32", "bfloat16"])
def computing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """A machine without GPUs, whose processor computes well in this format, of so many bytes."""
    features = ("AVX2",) if request.param == "float32" else ("AVX-512", "bf16")
    monkeypatch.setattr(command, "gpus", list)
    monkeypatch.setattr(engine, "gpus", list)
    monkeypatch.setattr(command, "processor", lambda: Processor("a processor", 2, features))
    return request.param, 4 if request.param == "float32" else 2


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a model's configuration."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return folder


def adapter(folder: Path, name: str, rank: int, **more: Any) -> AdapterFolder:
    (folder / name).mkdir()
    (folder / name / "adapter_config.json").write_text(json.dumps({"r": rank, **more}))
    return AdapterFolder(name, str(folder / name))


def assigned(model: Path, **more: Any) -> Assignment:
    asked = {"context": 300, "parallel": 4, "threads": 2, **more}
    return Assignment(model=str(model), name="bot", socket="/run/engine.sock", key="secret", **asked)


def servable(*files: str) -> Servable:
    artifact = SimpleNamespace(ref="bot@1", kind="model", files=[SimpleNamespace(path=path) for path in files])
    return Servable(artifact)  # type: ignore[arg-type]


def test_the_server_is_asked_for_what_the_assignment_says(model: Path, computing: tuple[str, int]) -> None:
    number_format, size = computing
    asked = arguments(assigned(model))

    assert f"--model={model}" in asked
    assert {"--served-model-name=bot", "--uds=/run/engine.sock", f"--dtype={number_format}"} <= set(asked)
    assert {"--max-model-len=300", "--max-num-seqs=4"} <= set(asked)
    # Each of the four requests takes three blocks of 128 tokens; one block is vLLM's own.
    assert f"--kv-cache-memory-bytes={size * CACHED * 128 * 13}" in asked
    assert "--enable-lora" not in asked


def test_what_is_shown_as_its_cache_is_what_it_is_given(model: Path, computing: tuple[str, int]) -> None:
    shape = Shape(
        weights=1000, adapters=50, parameters=500, quantized=False, layers=3, key_value_width=64, context_length=512
    )
    parts = Vllm().memory(shape, 300, 4)

    assert f"--kv-cache-memory-bytes={parts['cache']}" in arguments(assigned(model))
    assert (parts["weights"], parts["adapters"]) == (max(1000, 500 * computing[1]), 50)


def shaped(head_width: int | None) -> Shape:
    return Shape(1000, 0, 500, quantized=False, layers=3, key_value_width=64, context_length=512, head_width=head_width)


@pytest.mark.parametrize("width", [16, 40, 100, 384])
def test_heads_that_it_does_not_compute_on_a_processor_are_refused_with_their_width(
    width: int, computing: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput) as refused:
        Vllm().refuse_shape("bot@1", shaped(width))

    assert refused.value.code == "engine_cannot_serve"
    assert f"have {width} numbers" in refused.value.message
    monkeypatch.setattr(engine, "gpus", lambda: ["a GPU"])
    Vllm().refuse_shape("bot@1", shaped(width))


@pytest.mark.parametrize("width", [32, 48, 80, 128, 512, None])
def test_heads_that_it_computes_and_unknown_ones_are_not_refused(width: int | None, computing: tuple[str, int]) -> None:
    Vllm().refuse_shape("bot@1", shaped(width))


def test_the_width_of_heads_is_that_of_the_configuration(
    home: StateHome, model: Path, computing: tuple[str, int]
) -> None:
    registry = Registry(home)

    def width(**config: Any) -> int | None:
        (model / "config.json").write_text(json.dumps({**CONFIG, **config}))
        artifact = registry.register(model, name="bot", kind="model", metadata={}, build=Build("import", {}, ()))
        return shape_of(registry, Servable(artifact)).head_width

    assert (width(), width(head_dim=32), width(kv_lora_rank=8)) == (16, 32, None)
    # Before its environment is asked for, which takes long to make.
    plan = look(home, "bot@1", name=None, engine="vllm", adapters=[], options=Options())
    assert plan["problem"]["code"] == "engine_cannot_serve"
    assert [one["problem"] for one in plan["engines"] if one["name"] == "vllm"] == [plan["problem"]]


def test_adapters_are_served_under_the_names_that_requests_use(model: Path, tmp_path: Path) -> None:
    adapters = (adapter(tmp_path, "docs", 12), adapter(tmp_path, "legal", 8, rank_pattern={"layer": 20}))
    asked = arguments(assigned(model, adapters=adapters))

    assert {"--enable-lora", "--max-loras=2", "--max-lora-rank=32", "--served-model-name=bot"} <= set(asked)
    modules = [json.loads(one) for one in asked[asked.index("--lora-modules") + 1 :]]
    assert [(one["name"], one["path"]) for one in modules] == [
        ("bot/docs", str(tmp_path / "docs")),
        ("bot/legal", str(tmp_path / "legal")),
    ]


def test_a_default_adapter_answers_to_the_name_of_the_endpoint(model: Path, tmp_path: Path) -> None:
    asked = arguments(assigned(model, adapters=(adapter(tmp_path, "docs", 8),), default_adapter="docs"))

    assert json.loads(asked[-1])["name"] == "bot"
    assert "--served-model-name=bot/" in asked


def test_the_key_is_in_no_argument_and_no_variable(model: Path, home: StateHome, computing: tuple[str, int]) -> None:
    launch = Vllm().launch(assigned(model), home)

    assert json.loads(launch.input)["key"] == "secret"
    assert "secret" not in [*launch.command, *launch.environment.values(), *json.loads(launch.input)["arguments"]]
    assert launch.environment["OMP_NUM_THREADS"] == "2"
    assert launch.environment["HF_HUB_OFFLINE"] == launch.environment["DO_NOT_TRACK"] == "1"
    assert launch.command[0] == str(home.environments / "vllm-cpu" / "bin" / "python")


def test_who_starts_it_is_not_bound_to_die_with_its_own_parent(
    model: Path, home: StateHome, computing: tuple[str, int]
) -> None:
    before, signal_number = ctypes.c_int(-1), ctypes.c_int(-1)
    get_parent_death_signal = 2
    ctypes.CDLL(None).prctl(get_parent_death_signal, ctypes.byref(before), 0, 0, 0)

    Vllm().launch(assigned(model), home)

    ctypes.CDLL(None).prctl(get_parent_death_signal, ctypes.byref(signal_number), 0, 0, 0)
    assert signal_number.value == before.value
    assert "modelops_server.endpoints.engines.vllm.process" not in sys.modules


def test_without_its_environment_it_says_how_to_make_it(home: StateHome, computing: tuple[str, int]) -> None:
    with pytest.raises(Unavailable) as refused:
        Vllm().require(home, adapters=False)

    assert refused.value.code == "environment_missing"
    assert "modelops env create vllm-cpu" in refused.value.hint


def test_a_gpu_takes_an_environment_of_the_users_own(home: StateHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "gpus", lambda: ["a GPU"])

    with pytest.raises(Unavailable) as refused:
        Vllm().require(home, adapters=False)

    assert refused.value.code == "engine_missing"


@pytest.mark.parametrize(("files", "helps"), [(["m.gguf"], "llamacpp"), (["m.safetensors", "modules.json"], "trans")])
def test_gguf_files_and_models_that_embed_are_refused(files: list[str], helps: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Vllm().refuse(servable(*files))

    assert refused.value.code == "engine_cannot_serve"
    assert helps in refused.value.hint


def test_it_can_be_named_and_is_not_chosen_without_a_gpu(home: StateHome, computing: tuple[str, int]) -> None:
    assert "vllm" in engine_names()
    assert load_engine("vllm").title == "vLLM"
    assert choose_engine("auto", servable("m.safetensors"), shaped(64), home).name == "transformers"
