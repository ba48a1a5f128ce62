"""What a training is expected to take, from the sizes of its model alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from peft import LoraConfig, get_peft_model
from transformers import PreTrainedModel

from modelops.models.safetensors_files import read_header
from modelops.templates import load_template
from modelops.training.estimate import (
    Plan,
    RowLoad,
    flops_per_token,
    memory_parts,
    trained_weights,
    usual_learning_rate,
)
from modelops.training.shapes import ModelShape, read_shape

SFT = Path(__file__).parents[3] / "templates" / "sft.ipynb"
PLAN, ROW = Plan(max_length=128), RowLoad(120, 70)


@pytest.fixture(scope="module")
def shape(tiny_model_folder: Path) -> ModelShape:
    config = json.loads((tiny_model_folder / "config.json").read_bytes())
    found = read_shape(config, read_header(tiny_model_folder / "model.safetensors"))
    assert found is not None
    return found


def _need(shape: ModelShape, plan: Plan = PLAN, row: RowLoad = ROW) -> int:
    return sum(memory_parts(shape, plan, row, bf16=True).values())


def test_the_files_tell_how_many_weights_there_are(shape: ModelShape, model: PreTrainedModel) -> None:
    assert shape.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert (shape.hidden, shape.layers, shape.vocabulary, shape.context) == (64, 2, 320, 512)


@pytest.mark.parametrize("targets", [["all-linear"], ["q_proj", "down_proj"]])
def test_adapters_have_as_many_weights_as_peft_makes(
    shape: ModelShape, model: PreTrainedModel, targets: list[str]
) -> None:
    config = LoraConfig(r=4, target_modules=targets[0] if targets == ["all-linear"] else targets, task_type="CAUSAL_LM")
    adapted = get_peft_model(model, config)

    assert shape.adapted(targets, 4) == sum(item.numel() for item in adapted.parameters() if item.requires_grad)


def test_full_training_trains_every_weight(shape: ModelShape) -> None:
    assert trained_weights(shape, replace(PLAN, method="full")) == shape.parameters


@pytest.mark.parametrize(
    "more",
    [
        {"max_length": 256},
        {"rows_per_batch": 2},
        {"rank": 64},
        {"method": "full"},
    ],
)
def test_more_of_anything_takes_more_memory(shape: ModelShape, more: dict[str, object]) -> None:
    plan = replace(PLAN, **more)  # type: ignore[arg-type]

    assert _need(shape, plan, ROW.scaled(plan.max_length / PLAN.max_length)) > _need(shape)


def test_recomputing_takes_less_memory_and_more_arithmetic(shape: ModelShape) -> None:
    recomputing = replace(PLAN, gradient_checkpointing=True)

    assert _need(shape, recomputing) < _need(shape)
    assert flops_per_token(shape, recomputing, ROW) > flops_per_token(shape, PLAN, ROW)


def test_the_plan_is_read_from_the_parameters_of_the_template() -> None:
    values = load_template(SFT).validate({"method": "qlora", "target_modules": ["q_proj"]})

    plan = Plan.of(values)

    assert plan == Plan(
        max_length=448, method="qlora", rank=16, target_modules=("q_proj",), gradient_accumulation_steps=2
    )


def test_parameters_without_a_length_or_with_another_method_are_no_plan() -> None:
    assert Plan.of({"method": "lora"}) is None
    assert Plan.of({"max_length": 128, "method": "prefix"}) is None


@pytest.mark.parametrize("method", ["lora", "qlora", "full"])
def test_the_usual_learning_rate_is_that_of_the_template(method: str) -> None:
    source = next(
        "".join(cell["source"])
        for cell in json.loads(SFT.read_bytes())["cells"]
        if "learning_rate=" in "".join(cell["source"])
    )
    [line] = [line.strip() for line in source.splitlines() if line.strip().startswith("learning_rate=")]
    expression = line.removeprefix("learning_rate=").rstrip(",")

    assert eval(expression, {"learning_rate": None, "method": method}) == usual_learning_rate(method)


def test_estimating_needs_no_torch() -> None:
    probe = "import sys, modelops.training.estimate, modelops.training.preview; print('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True).stdout.strip() == "False"
