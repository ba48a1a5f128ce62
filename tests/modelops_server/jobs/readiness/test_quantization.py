"""Whether a quantization can run here: what the model is, how large it becomes, and what to take instead."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_gguf import write_gguf
from tiny_llamacpp import write_environment

from modelops.registry import Artifact, Build, Registry
from modelops.templates import load_template
from modelops_server.jobs.readiness import Asked, Check, check_readiness
from modelops_server.jobs.resources import Inventory

TEMPLATES = Path(__file__).parents[4] / "templates"
MACHINE = Inventory(cpus=4, gpus=(), memory=16 * 10**9)
KERNEL = "played-llamacpp"

Look = Callable[..., dict[str, Check]]


@pytest.fixture
def look(jobs: Any, tiny_model: Artifact, chats: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Asks for the checks of a quantization of the tiny model with these parameters, by their names."""
    write_environment(tmp_path / "environment", tmp_path / "jupyter" / "kernels", KERNEL)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    def checks(template: str = "quantize-gguf", inventory: Inventory = MACHINE, **parameters: Any) -> dict[str, Check]:
        asked = Asked(load_template(TEMPLATES / f"{template}.ipynb"), {"dataset": "chats", **parameters}, kernel=KERNEL)
        return {check.name: check for check in check_readiness(asked, jobs.queue, inventory=inventory).checks}

    return checks


@pytest.fixture
def store(registry: Registry, tiny_model_folder: Path, tmp_path: Path) -> Callable[..., Artifact]:
    """Registers the tiny model with another configuration, or as a GGUF file."""

    def register(name: str, *, gguf: bool = False, metadata: dict[str, Any] | None = None, **config: Any) -> Artifact:
        folder = tmp_path / name
        if gguf:
            folder.mkdir()
            write_gguf(tiny_model_folder, folder / "tiny.gguf", "q8_0")
        else:
            shutil.copytree(tiny_model_folder, folder)
            written = json.loads((folder / "config.json").read_text())
            (folder / "config.json").write_text(json.dumps({**written, **config}))
        build = Build("job", {}, ())
        return registry.register(folder, name=name, kind="model", metadata=metadata or {}, build=build)

    return register


def test_sizes_are_told_before_anything_is_written(
    look: Look, tiny_model: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    checks = look(model="tiny", types=["bf16", "q8_0"])

    assert {check.status for check in checks.values()} == {"ok"}
    said = checks["size"].sentence
    told = {part.split()[0]: float(part.split()[1]) for part in said.partition("about: ")[2].rstrip(".").split(", ")}
    for type, kilobytes in told.items():
        write_gguf(tiny_model_folder, tmp_path / f"{type}.gguf", type)
        # The file has the vocabulary, too, which of a tiny model is a fifth.
        assert 0.7 < kilobytes * 1000 / (tmp_path / f"{type}.gguf").stat().st_size < 1
    assert "in float32 take" in checks["memory"].sentence


def test_an_architecture_that_the_converter_does_not_know_is_told_with_those_it_knows(
    look: Look, store: Callable[..., Artifact]
) -> None:
    store("ears", architectures=["WhisperForConditionalGeneration"])
    check = look(model="ears")["model"]

    assert check.status == "blocked"
    assert "WhisperForConditionalGeneration" in check.sentence
    assert check.mend is not None
    assert "LlamaForCausalLM" in check.mend.sentence


@pytest.mark.parametrize("template", ["quantize-gguf", "quantize-bnb", "sft"])
def test_a_gguf_file_is_refused_with_the_model_it_was_made_from(
    look: Look, store: Callable[..., Artifact], template: str
) -> None:
    store("small", gguf=True, metadata={"base_model": "tiny@1"})
    parameter = "base_model" if template == "sft" else "model"
    check = look(template, **{parameter: "small"})["model"]

    assert check.status == "blocked"
    assert "GGUF file" in check.sentence
    assert check.mend is not None
    assert check.mend.parameters == {parameter: "tiny@1"}


def test_a_model_that_is_quantized_already_is_refused(look: Look, store: Callable[..., Artifact]) -> None:
    store("nf4", quantization_config={"quant_method": "bitsandbytes"})
    check = look(model="nf4")["model"]

    assert check.status == "blocked"
    assert "quantized already (bitsandbytes)" in check.sentence
    assert check.mend is not None
    assert check.mend.sentence == "Choose the model that it was made from."


def test_two_models_that_do_not_fit_side_by_side_are_told(look: Look) -> None:
    check = look(model="tiny", inventory=Inventory(cpus=4, gpus=(), memory=100_000))["memory"]
    assert check.status == "blocked"


def test_a_model_that_was_rejected_is_told(look: Look, store: Callable[..., Artifact]) -> None:
    store("bad", metadata={"gate": {"verdict": "rejected", "reasons": ["It is worse."]}})
    check = look("sft", base_model="bad")["references"]
    assert (check.status, check.sentence) == ("warning", "bad@1 did not pass its gate: It is worse.")
