"""The GGUF template, executed on a tiny model in an environment whose converter is played."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
from tiny_llamacpp import write_environment

from modelops.models import load_for_inference
from modelops.models.gguf_files import read_gguf_header
from modelops.registry import Artifact, Registry

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
    folder = Path(made["tiny-q8_0"]["folder"])
    assert read_gguf_header(folder / "tiny-q8_0.gguf").main_type == "Q8_0"
    assert load_for_inference(folder).tokenizer.chat_template
    assert "**passed**" in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("skipped", "not the 8.5 that were asked for"),
        ("nan", "NaN or infinite"),
        ("template", "chat template is lost"),
        ("eos", "no answer would end"),
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


def test_a_file_that_is_worse_than_allowed_is_rejected(quantize: Execute, tiny_model: Artifact) -> None:
    made: Any = quantize(model=tiny_model.ref, types=["q8_0"], min_top1_agreement=1.0)
    gate = made["tiny-q8_0"]["metadata"]["gate"]
    assert gate["verdict"] == "rejected"
    assert "at least 1 is asked for" in gate["reasons"][0]


def test_a_model_that_is_a_gguf_file_already_is_refused(
    quantize: Execute, registry: Registry, tiny_model: Artifact, tiny_gguf: Path, tmp_path: Path
) -> None:
    from modelops.registry import Build

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
