"""The AWQ and GPTQ templates on a tiny model, in their environment: what is written computes nearly the same."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
from transformers import OPTConfig, OPTForCausalLM

from modelops.models import inspect_model, load_model, load_tokenizer
from modelops.parity import FILE, read_golden
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops_server.environments import Environment

Execute = Callable[..., list[dict[str, Any]]]

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

KERNEL = "modelops-llm-compressor"
SMALL = {"calibration_rows": 8, "max_perplexity_increase": 1.0, "min_top1_agreement": 0.2}
"""Few rows, and limits that random weights hold to, too."""

DIFFERENCE = """
import sys, torch
from modelops.models import load_for_inference
loaded = [load_for_inference(folder, torch.float32) for folder in sys.argv[1:]]
tokens = loaded[0].tokenizer("Say 7!", return_tensors="pt")
with torch.inference_mode():
    one, other = (each.model(**tokens).logits for each in loaded)
print(float((one - other).abs().max() / other.abs().max()))
"""


def made(events: list[dict[str, Any]]) -> dict[str, Any]:
    [artifact] = [event for event in events if event["type"] == "artifact"]
    return artifact


@pytest.mark.parametrize("method", ["awq", "gptq"])
@pytest.mark.parametrize(("scheme", "group", "furthest"), [("W4A16", 64, 0.5), ("W8A8", None, 0.1)])
def test_a_checkpoint_that_loads_and_computes_nearly_the_same(
    execute: Execute,
    llm_compressor: Environment,
    tiny_model: Artifact,
    chats: Artifact,
    tiny_model_folder: Path,
    method: str,
    scheme: str,
    group: int | None,
    furthest: float,
) -> None:
    events = execute(
        f"quantize-{method}", kernel_name=KERNEL, model=tiny_model.ref, dataset=chats.ref, scheme=scheme, **SMALL
    )

    artifact = made(events)
    folder, metadata = Path(artifact["folder"]), artifact["metadata"]
    assert artifact["name"] == f"tiny-{method}-{scheme.lower()}"
    assert inspect_model(folder).quantization == "compressed-tensors"
    assert metadata["group_size"] == group
    assert metadata["calibration_rows"] == 8
    assert metadata["gate"]["verdict"] == "passed"
    assert (metadata["speed_engine"], metadata["decode_speed"] > 0) == ("transformers", True)
    report = json.loads((folder / "quantization.json").read_text())
    assert report["review"]["problems"] == []
    assert report["review"]["stored"][scheme] == 73728
    assert len(read_golden(folder / FILE).answers) == 8
    assert "vllm serve FOLDER" in (folder / "README.md").read_text()
    # Of each cell the last: the rows that are measured give way to the golden prompts that are answered after them.
    assert {"layers", "prompts"} <= {event["unit"] for event in events if event["type"] == "progress"}
    command = [llm_compressor.python, "-c", DIFFERENCE, folder, tiny_model_folder]
    compared = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 0 < float(compared.stdout.splitlines()[-1]) < furthest


def test_a_model_in_a_number_format_that_is_slow_here_is_stored_in_it_all_the_same(
    execute: Execute,
    llm_compressor: Environment,
    registry: Registry,
    chats: Artifact,
    tiny_model_folder: Path,
    tmp_path: Path,
) -> None:
    load_model(tiny_model_folder, "float16").save_pretrained(tmp_path / "half")
    load_tokenizer(tiny_model_folder).save_pretrained(tmp_path / "half")
    build = Build("import", {}, (Dependency("source", "file:half", "0" * 64),))
    half = registry.register(tmp_path / "half", name="half", kind="model", metadata={}, build=build)

    artifact = made(execute("quantize-gptq", kernel_name=KERNEL, model=half.ref, dataset=chats.ref, **SMALL))

    assert artifact["metadata"]["gate"]["verdict"] == "passed"
    stored = json.loads((Path(artifact["folder"]) / "quantization.json").read_text())["review"]["stored"]
    assert set(stored) == {"W4A16", "F16"}


@pytest.mark.parametrize("scheme", ["W4A16", "W8A8"])
def test_a_checkpoint_of_either_scheme_can_be_forced_through_again(
    execute: Execute,
    llm_compressor: Environment,
    registry: Registry,
    tiny_model: Artifact,
    chats: Artifact,
    scheme: str,
) -> None:
    values: dict[str, Any] = {"kernel_name": KERNEL, "dataset": chats.ref, **SMALL}
    once = made(execute("quantize-gptq", model=tiny_model.ref, scheme=scheme, **values))
    build = Build("import", {}, (Dependency("source", "file:small", "0" * 64),))
    folder = Path(once["folder"]).rename(Path(once["folder"]).with_name("once"))
    small = registry.register(folder, name="small", kind="model", metadata=once["metadata"], build=build)

    twice = made(execute("quantize-gptq", model=small.ref, scheme="W8A8", force_requantize=True, **values))

    assert twice["metadata"]["requantized_from"] == {
        "model": small.ref,
        "method": f"compressed-tensors {'pack' if scheme == 'W4A16' else 'int'}-quantized",
        "bits": 4 if scheme == "W4A16" else 8,
        "original": tiny_model.ref,
    }
    assert json.loads((Path(twice["folder"]) / "quantization.json").read_text())["review"]["problems"] == []
    # What it started from are the rounded values, and not those of the model that these came from.
    command = [llm_compressor.python, "-c", DIFFERENCE, twice["folder"], folder]
    compared = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 0 < float(compared.stdout.splitlines()[-1]) < 0.1


@pytest.mark.parametrize("method", ["awq", "gptq"])
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"group_size": 48}, "14 layers have columns that groups of 48 do not divide"),
        ({"calibration_rows": 1, "max_length": 100}, "The 1 calibration rows have "),
    ],
)
def test_bad_input_is_refused_before_anything_is_quantized(
    execute: Execute,
    llm_compressor: Environment,
    tiny_model: Artifact,
    chats: Artifact,
    method: str,
    values: dict[str, int],
    said: str,
) -> None:
    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute(f"quantize-{method}", kernel_name=KERNEL, model=tiny_model.ref, dataset=chats.ref, **SMALL | values)
    assert failure.value.ename == "InvalidInput"
    assert said in failure.value.evalue


def test_an_architecture_whose_layers_it_cannot_balance_is_refused_with_those_it_can(
    execute: Execute,
    llm_compressor: Environment,
    registry: Registry,
    chats: Artifact,
    tiny_model_folder: Path,
    tmp_path: Path,
) -> None:
    config = OPTConfig(
        vocab_size=320, hidden_size=64, ffn_dim=64, num_hidden_layers=1, num_attention_heads=2, word_embed_proj_dim=64
    )
    OPTForCausalLM(config).save_pretrained(tmp_path / "opt")
    load_tokenizer(tiny_model_folder).save_pretrained(tmp_path / "opt")
    build = Build("import", {}, (Dependency("source", "file:opt", "0" * 64),))
    strange = registry.register(tmp_path / "opt", name="opt", kind="model", metadata={}, build=build)

    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute("quantize-awq", kernel_name=KERNEL, model=strange.ref, dataset=chats.ref, **SMALL)
    assert "which layers of OPTForCausalLM AWQ balances" in failure.value.evalue
