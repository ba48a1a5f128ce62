"""The fine-tuning template, executed from its first cell to its last on a tiny model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
import safetensors.torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from modelops.registry import Artifact
from modelops.templates import find_template

Execute = Callable[..., list[dict[str, Any]]]

QUICK = {"max_length": 128, "max_steps": 6, "learning_rate": 1e-2, "sample_tokens": 4, "eval_rows": 8}


def _artifact(events: list[dict[str, Any]]) -> dict[str, Any]:
    [artifact] = [event for event in events if event["type"] == "artifact"]
    return artifact


@pytest.mark.parametrize(("method", "kind"), [("lora", "adapter"), ("qlora", "adapter"), ("full", "model")])
def test_each_method_lowers_the_held_out_loss_and_declares_what_it_made(
    execute: Execute, tiny_model: Artifact, chats: Artifact, method: str, kind: str
) -> None:
    events = execute("sft", base_model=tiny_model.ref, dataset=chats.ref, method=method, adapter_name="bot", **QUICK)

    artifact = _artifact(events)
    assert (artifact["name"], artifact["kind"]) == ("bot", kind)
    metadata = artifact["metadata"]
    assert metadata["base_digest"] == tiny_model.digest
    assert metadata["loss_after"] < 0.95 * metadata["loss_before"]
    folder = Path(artifact["folder"])
    assert {"README.md", "metrics.json", "tokenizer.json"} <= {path.name for path in folder.iterdir()}
    assert json.loads((folder / "metrics.json").read_text())["loss_after"] == metadata["loss_after"]
    assert f"base_model: {tiny_model.ref}" in (folder / "README.md").read_text()
    if kind == "model":
        AutoModelForCausalLM.from_pretrained(folder)
    else:
        weights = safetensors.torch.load_file(folder / "adapter_model.safetensors")
        assert {str(tensor.dtype) for tensor in weights.values()} == {"torch.float32"}


def test_an_adapter_loads_beside_its_base_model_with_peft_alone(
    execute: Execute, tiny_model: Artifact, chats: Artifact, tiny_model_folder: Path
) -> None:
    events = execute("sft", base_model=tiny_model.ref, dataset=chats.ref, **QUICK)

    base = AutoModelForCausalLM.from_pretrained(tiny_model_folder)
    adapted = PeftModel.from_pretrained(base, _artifact(events)["folder"])
    assert adapted.peft_config["default"].base_model_name_or_path == tiny_model.ref


def test_progress_is_reported_step_by_step(execute: Execute, tiny_model: Artifact, chats: Artifact) -> None:
    events = execute("sft", base_model=tiny_model.ref, dataset=chats.ref, **QUICK)

    # Each cell's display is updated in place: what stays in the notebook is its latest state.
    metrics = [event for event in events if event["type"] == "metric"]
    assert any(event["step"] == 6 and "loss" in event["values"] | {"loss": 0} for event in metrics)
    [training] = [event for event in events if event["type"] == "progress" and event["phase"] == "training"]
    assert (training["done"], training["total"]) == (6, 6)


def test_training_ends_early_and_keeps_the_best_when_the_held_out_loss_rises(
    execute: Execute, tiny_model: Artifact, chats: Artifact
) -> None:
    settings = QUICK | {"max_steps": 60, "learning_rate": 0.3, "eval_every": 2, "early_stopping_patience": 2}
    events = execute("sft", base_model=tiny_model.ref, dataset=chats.ref, **settings)

    metadata = _artifact(events)["metadata"]
    assert metadata["steps"] < 60
    history = json.loads((Path(_artifact(events)["folder"]) / "metrics.json").read_text())["history"]
    measured = [entry["eval_answer_loss"] for entry in history if "eval_answer_loss" in entry]
    assert metadata["loss_after"] == pytest.approx(min(measured[1:]), abs=1e-4)


def test_a_loss_that_is_not_finite_ends_the_run_and_declares_nothing(
    execute: Execute, tiny_model: Artifact, chats: Artifact
) -> None:
    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute("sft", base_model=tiny_model.ref, dataset=chats.ref, **QUICK | {"lora_alpha": 1e38})
    assert failure.value.ename == "NonFinite"


def test_the_parameters_cell_is_a_form_with_a_description_for_every_field() -> None:
    template = find_template("sft")
    assert (template.kind, template.resumable, template.produces) == ("train", True, ("adapter", "model"))
    assert [parameter.name for parameter in template.parameters if not parameter.description] == []
    references = {parameter.name: parameter.reference for parameter in template.parameters if parameter.reference}
    assert references == {"base_model": "Model", "dataset": "Dataset"}
