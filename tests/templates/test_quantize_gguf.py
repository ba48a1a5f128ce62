"""The GGUF template, executed on a tiny model in an environment whose converter is played."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
from tiny_gguf import write_gguf
from tiny_llamacpp import write_environment

from modelops.models import load_for_inference
from modelops.models.gguf_files import read_gguf_header
from modelops.parity import FILE, read_golden, record_golden
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops_server.environments import environment as environment_called
from modelops_server.environments.creation import create

Execute = Callable[..., list[dict[str, Any]]]

KERNEL = "played-llamacpp"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Jupyter data in which the kernel of the environment is registered."""
    folder = tmp_path_factory.mktemp("environment")
    write_environment(folder / "environment", folder / "jupyter" / "kernels", KERNEL)
    return folder / "jupyter"


@pytest.fixture
def quantize(execute: Execute, environment: Path, chats: Artifact, monkeypatch: pytest.MonkeyPatch) -> Execute:
    """Executes the template; returns the artifacts that it declared, by their names."""
    monkeypatch.setenv("JUPYTER_PATH", str(environment))

    def run(**parameters: Any) -> Any:
        events = execute("quantize-gguf", kernel_name=KERNEL, dataset=chats.ref, eval_rows=8, **parameters)
        return {event["name"]: event for event in events if event["type"] == "artifact"}

    return run


def test_each_type_becomes_a_model_that_was_judged_against_the_one_it_was_made_from(
    quantize: Execute, tiny_model: Artifact
) -> None:
    made: Any = quantize(model=tiny_model.ref, types=["f32", "q8_0"], min_top1_agreement=0.5)

    assert set(made) == {"tiny-f32", "tiny-q8_0"}
    whole, eight = made["tiny-f32"]["metadata"], made["tiny-q8_0"]["metadata"]
    assert (whole["gate"]["verdict"], eight["gate"]["verdict"]) == ("passed", "passed")
    assert whole["top1_agreement"] == 1
    assert whole["kl_divergence"] == pytest.approx(0, abs=1e-6)
    assert 0 < eight["kl_divergence"] < 0.01
    assert eight["base_digest"] == tiny_model.digest
    assert (eight["speed_engine"], eight["decode_speed"] > 0) == ("llama.cpp", True)
    folder = Path(made["tiny-q8_0"]["folder"])
    assert read_gguf_header(folder / "tiny-q8_0.gguf").main_type == "Q8_0"
    assert load_for_inference(folder).tokenizer.chat_template
    assert "**passed**" in (folder / "README.md").read_text()
    for one in made.values():
        golden, again = read_golden(Path(one["folder"]) / FILE), load_for_inference(one["folder"], "float32")
        assert golden.as_json()["prompts"][:4] == record_golden(*again).as_json()["prompts"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param("skipped", "not the 8.5 that were asked for", marks=pytest.mark.full),
        ("nan", "NaN or infinite"),
        pytest.param("template", "chat template is lost", marks=pytest.mark.full),
        pytest.param("eos", "no answer would end", marks=pytest.mark.full),
    ],
)
def test_each_silent_failure_is_rejected_with_its_reason(
    quantize: Execute, tiny_model: Artifact, monkeypatch: pytest.MonkeyPatch, fault: str, said: str
) -> None:
    monkeypatch.setenv("FAULT", fault)
    type = "f32" if fault == "nan" else "q8_0"
    made: Any = quantize(model=tiny_model.ref, types=[type])

    gate = made[f"tiny-{type}"]["metadata"]["gate"]
    assert gate["verdict"] == "rejected"
    assert said in gate["reasons"][0]


@pytest.mark.full
def test_without_llama_cpp_to_run_it_a_file_is_made_and_its_speed_not_measured(
    quantize: Execute, tiny_model: Artifact, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\nreal = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'xllamacpp' else real(name, *rest)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    made: Any = quantize(model=tiny_model.ref, types=["q8_0"])

    metadata = made["tiny-q8_0"]["metadata"]
    assert metadata["gate"]["verdict"] == "passed"
    assert "decode_speed" not in metadata
    assert metadata["speed_engine"] is None


@pytest.mark.full
def test_a_file_that_is_worse_than_allowed_is_rejected(quantize: Execute, tiny_model: Artifact) -> None:
    made: Any = quantize(model=tiny_model.ref, types=["q8_0"], min_top1_agreement=1.0)
    gate = made["tiny-q8_0"]["metadata"]["gate"]
    assert gate["verdict"] == "rejected"
    assert "at least 1 is asked for" in gate["reasons"][0]


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_llama_cpp_itself_writes_files_that_pass(
    execute: Execute, home: StateHome, registry: Registry, smollm2_folder: Path, chats: Artifact, monkeypatch: Any
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(home.root / "jupyter"))
    llamacpp = environment_called(home, "llamacpp")
    create(llamacpp, lambda _: None)
    build = Build("import", {}, (Dependency("source", "file:smollm2", "0" * 64),))
    registry.register(smollm2_folder, name="smollm2", kind="model", metadata={}, build=build)

    events = execute(
        "quantize-gguf",
        kernel_name=llamacpp.definition.kernel,
        model="smollm2",
        dataset=chats.ref,
        types=["f16", "q8_0"],
        eval_rows=8,
    )

    made = {event["name"]: event for event in events if event["type"] == "artifact"}
    assert {name: event["metadata"]["gate"]["verdict"] for name, event in made.items()} == {
        "smollm2-f16": "passed",
        "smollm2-q8_0": "passed",
    }
    assert 8.5 < made["smollm2-q8_0"]["metadata"]["bits_per_weight"] < 8.7


def test_a_model_that_is_a_gguf_file_already_is_refused(
    quantize: Execute, registry: Registry, tiny_model: Artifact, tiny_gguf: Path, tmp_path: Path
) -> None:
    (tmp_path / "gguf").mkdir()
    (tmp_path / "gguf" / "tiny.gguf").write_bytes(tiny_gguf.read_bytes())
    small = registry.register(
        tmp_path / "gguf",
        name="small",
        kind="model",
        metadata={"base_model": tiny_model.ref},
        build=Build("job", {}, ()),
    )
    with pytest.raises(papermill.PapermillExecutionError, match="GGUF file"):
        quantize(model=small.ref, types=["q8_0"])


@pytest.mark.full
def test_a_quantized_gguf_file_that_is_forced_is_judged_against_what_its_rounding_left(
    quantize: Execute, registry: Registry, tiny_model: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "gguf").mkdir()
    write_gguf(tiny_model_folder, tmp_path / "gguf" / "tiny.gguf", "q4_0")
    small = registry.register(
        tmp_path / "gguf",
        name="small",
        kind="model",
        metadata={"base_model": tiny_model.ref},
        build=Build("job", {}, ()),
    )

    made: Any = quantize(model=small.ref, types=["bf16", "q8_0"], force_requantize=True)

    whole, eight = made["small-bf16"]["metadata"], made["small-q8_0"]["metadata"]
    assert whole["requantized_from"]["method"] == "q4_0"
    assert eight["requantized_from"]["original"] == tiny_model.ref
    assert whole["top1_agreement"] == 1
    assert whole["kl_divergence"] == pytest.approx(0, abs=1e-6)
    assert 0 < eight["kl_divergence"] < 0.01
