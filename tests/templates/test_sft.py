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

from modelops.models import load_adapted, load_for_inference
from modelops.parity import FILE, read_golden, record_golden
from modelops.registry import Artifact
from modelops.templates import find_template

Execute = Callable[..., list[dict[str, Any]]]

QUICK = {"max_length": 128, "max_steps": 6, "learning_rate": 1e-2, "sample_tokens": 4, "eval_rows": 8}


def _artifact(events: list[dict[str, Any]]) -> dict[str, Any]:
    [artifact] = [event for event in events if event["type"] == "artifact"]
    return artifact


def test_lora_leaves_an_adapter_that_peft_alone_loads(
    execute: Execute, tiny_model: Artifact, chats: Artifact, tiny_model_folder: Path
) -> None:
    events = execute("sft", base_model=tiny_model.ref, dataset=chats.ref, adapter_name="bot", **QUICK)

    artifact = _artifact(events)
    assert (artifact["name"], artifact["kind"]) == ("bot", "adapter")
    metadata, folder = artifact["metadata"], Path(artifact["folder"])
    assert metadata["base_digest"] == tiny_model.digest
    assert metadata["dataset"] == chats.ref
    assert metadata["loss_after"] < 0.95 * metadata["loss_before"]
    assert json.loads((folder / "metrics.json").read_text())["loss_after"] == metadata["loss_after"]
    assert f"base_model: {tiny_model.ref}" in (folder / "README.md").read_text()
    assert (folder / "tokenizer.json").is_file()

    golden = read_golden(folder / FILE)
    assert [answer.prompt.kind for answer in golden.answers[4:]] == ["row"] * 4
    answers = [answer.ids for answer in golden.answers[:4]]
    assert answers == [answer.ids for answer in record_golden(*load_adapted(tiny_model_folder, folder)).answers]
    assert answers != [answer.ids for answer in record_golden(*load_for_inference(tiny_model_folder)).answers]

    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model_folder), str(folder))
    assert adapted.peft_config["default"].base_model_name_or_path == tiny_model.ref

    # Each cell's display is updated in place: what stays in the notebook is its latest state.
    [training] = [event for event in events if event["type"] == "progress" and event["phase"] == "training"]
    assert (training["done"], training["total"]) == (6, 6)
    [last_step] = [event for event in events if event["type"] == "metric" and "tokens_per_second" in event["values"]]
    assert last_step["step"] == 6
    assert last_step["values"]["tokens_per_second"] > 0


def test_qlora_trains_float32_updates_beside_a_4_bit_model(
    execute: Execute, tiny_model: Artifact, chats: Artifact
) -> None:
    events = execute("sft", base_model=tiny_model.ref, dataset=chats.ref, method="qlora", **QUICK)

    artifact = _artifact(events)
    assert artifact["metadata"]["method"] == "qlora"
    # It is served beside the model as it is, which is not loaded here.
    assert not (Path(artifact["folder"]) / FILE).exists()
    assert artifact["metadata"]["loss_after"] < 0.95 * artifact["metadata"]["loss_before"]
    weights = safetensors.torch.load_file(Path(artifact["folder"]) / "adapter_model.safetensors")
    assert {str(tensor.dtype) for tensor in weights.values()} == {"torch.float32"}
    # An untouched B is zero: the updates were really trained.
    assert all(tensor.any() for name, tensor in weights.items() if "lora_B" in name)


@pytest.mark.full
def test_full_training_ends_when_the_held_out_loss_rises_and_keeps_the_best_model(
    execute: Execute, tiny_model: Artifact, chats: Artifact
) -> None:
    settings = QUICK | {"max_steps": 60, "learning_rate": 0.05, "eval_every": 2, "early_stopping_patience": 2}
    events = execute("sft", base_model=tiny_model.ref, dataset=chats.ref, method="full", **settings)

    artifact = _artifact(events)
    assert artifact["kind"] == "model"
    loaded = load_for_inference(artifact["folder"], "float32")
    golden = read_golden(Path(artifact["folder"]) / FILE)
    assert [answer.ids for answer in golden.answers[:4]] == [answer.ids for answer in record_golden(*loaded).answers]
    metrics = json.loads((Path(artifact["folder"]) / "metrics.json").read_text())
    assert metrics["steps"] < 60
    measured = [entry["eval_answer_loss"] for entry in metrics["history"] if "eval_answer_loss" in entry]
    # One answer at each evaluation, before, within and after training; all to the same question.
    answered = [event["step"] for event in events if event["type"] == "sample"]
    assert answered == [0, *(entry["step"] for entry in metrics["history"] if "eval_answer_loss" in entry)]
    assert len({event["prompt"] for event in events if event["type"] == "sample"}) == 1
    assert metrics["loss_after"] == pytest.approx(min(measured), abs=1e-4)


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
    assert references == {"base_model": "Model", "dataset": "Dataset", "adapter_name": "Name"}
