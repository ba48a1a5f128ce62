"""The evaluation template runs tasks of lm-evaluation-harness, in their environment: as by hand, to the digit."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from modelops.models import fast_dtype
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops_server.environments import Environment

Execute = Callable[..., list[dict[str, Any]]]

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

TASKS = Path(__file__).parents[2] / "notebooks" / "lm-eval-tasks"
NAMES = ["stdlib_modules", "python_values"]
KERNEL = "modelops-lm-eval"
QUICK = {"max_length": 128, "answers": 0, "worst": 0, "answer_tokens": 4, "task_folder": str(TASKS)}


def made(events: list[dict[str, Any]]) -> tuple[dict[str, Any], Path]:
    """The artifact event, and its folder."""
    [artifact] = [event for event in events if event["type"] == "artifact"]
    return artifact, Path(artifact["folder"])


def by_hand(environment: Environment, output: Path, model: Path, *options: str, **model_args: Any) -> dict[str, Any]:
    """What a person types who has lm_eval, and what it writes."""
    arguments = ",".join(f"{name}={value}" for name, value in {"pretrained": model, **model_args}.items())
    typed = [environment.python, "-m", "lm_eval", "run", "--model", "hf", "--model_args", arguments, "--device", "cpu"]
    typed += ["--tasks", ",".join(NAMES), "--include_path", ".", "--output_path", output / "by-hand.json"]
    subprocess.run([*typed, "--log_samples", *options], cwd=TASKS, check=True, capture_output=True)
    [written] = output.glob("by-hand_*.json")
    found: dict[str, Any] = json.loads(written.read_text())
    return found


def dtype() -> str:
    return str(fast_dtype()).removeprefix("torch.")


def test_a_model_and_its_reference_score_what_lm_eval_by_hand_finds_to_the_digit(
    execute: Execute,
    lm_eval: Environment,
    tiny_model: Artifact,
    chats: Artifact,
    tiny_model_folder: Path,
    tmp_path: Path,
) -> None:
    given = {"model": tiny_model.ref, "reference": tiny_model.ref, "dataset": chats.ref, "tasks": NAMES, **QUICK}
    events = execute("evaluate", kernel_name=KERNEL, **given)

    artifact, folder = made(events)
    found = json.loads((folder / "lm_eval.json").read_text())
    expected = by_hand(lm_eval, tmp_path, tiny_model_folder, dtype=dtype())
    assert found["results"] == expected["results"]
    assert json.loads((folder / "reference_lm_eval.json").read_text())["results"] == expected["results"]
    assert expected["results"]["stdlib_modules"]["brier_score,none"] not in {0.0, 1.0}

    measures = json.loads((folder / "evaluation.json").read_text())["measures"]
    accuracy = measures["lm-eval/stdlib_modules/acc"]
    assert accuracy["value"] == expected["results"]["stdlib_modules"]["acc,none"]
    assert (accuracy["low"] < accuracy["value"] < accuracy["high"], accuracy["n"]) == (True, 24)
    assert measures["reference_lm-eval/stdlib_modules/acc"] == accuracy
    assert measures["lm-eval/python_values/exact_match"]["n"] == 16

    record = artifact["metadata"]["lm_eval"]
    assert record["lm_eval"] == expected["lm_eval_version"]
    assert {name: task["task_sha256"] for name, task in record["tasks"].items()} == expected["task_hashes"]
    statement = json.loads((folder / "test-result.json").read_text())
    configuration = {item["name"]: item for item in statement["predicate"]["configuration"]}
    assert configuration["settings"]["annotations"]["lm_eval"] == record
    assert {"lm_eval.json", "reference_lm_eval_samples.jsonl"} <= set(configuration)
    assert len((folder / "lm_eval_samples.jsonl").read_text().splitlines()) == 24 + 16

    progress = [event for event in events if event["type"] == "progress" and event["phase"].startswith("lm-eval")]
    assert [(event["phase"], event["done"], event["total"]) for event in progress] == [("lm-eval, reference", 16, 16)]
    notes = {event["text"] for event in events if event["type"] == "note"}
    assert "lm_eval.json has these without an interval: stdlib_modules/brier_score." in notes


def test_an_adapter_with_few_questions_examples_and_a_chat_format_scores_the_same_by_hand(
    execute: Execute,
    lm_eval: Environment,
    registry: Registry,
    chats: Artifact,
    tiny_model_folder: Path,
    tmp_path: Path,
) -> None:
    # By hand, the harness cuts the vocabulary of a model with an adapter to the tokenizer's: here it has no more.
    tokenizer, plain = (kind.from_pretrained(tiny_model_folder) for kind in (AutoTokenizer, AutoModelForCausalLM))
    plain.resize_token_embeddings(len(tokenizer))
    for saved in (tokenizer, plain):
        saved.save_pretrained(tmp_path / "base")
    lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(plain, lora).save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    build = Build("import", {}, (Dependency("source", "file:bot", "0" * 64),))
    base = registry.register(tmp_path / "base", name="base", kind="model", metadata={}, build=build)
    metadata = {"base_model": base.ref, "base_digest": base.digest}
    adapter = registry.register(tmp_path / "adapter", name="bot", kind="adapter", metadata=metadata, build=build)

    given = {"model": base.ref, "adapter": adapter.ref, "dataset": chats.ref, "tasks": NAMES, **QUICK}
    given |= {"task_limit": 6, "num_fewshot": 1, "task_chat_template": True, "task_batch_size": 2}
    artifact, folder = made(execute("evaluate", kernel_name=KERNEL, **given))

    found = json.loads((folder / "lm_eval.json").read_text())
    options = ("--limit", "6", "--num_fewshot", "1", "--batch_size", "2", "--apply_chat_template")
    expected = by_hand(lm_eval, tmp_path, tmp_path / "base", *options, dtype=dtype(), peft=tmp_path / "adapter")
    assert found["results"] == expected["results"]
    tasks = artifact["metadata"]["lm_eval"]["tasks"]
    assert {name: task["task_sha256"] for name, task in tasks.items()} == expected["task_hashes"]
    assert tasks["stdlib_modules"]["samples"] == 6
    assert {task["num_fewshot"] for task in tasks.values()} == {1}


def refused(execute: Execute, *, tasks: list[str], **given: Any) -> papermill.PapermillExecutionError:
    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute("evaluate", kernel_name=KERNEL, tasks=tasks, **{**QUICK, **given})
    return failure.value


def shown(error: papermill.PapermillExecutionError) -> str:
    """What stands in the notebook below the cell."""
    return "\n".join(error.traceback)


def test_a_task_that_cannot_be_run_ends_before_a_model_is_loaded_and_says_what_helps(
    execute: Execute, lm_eval: Environment, tiny_model: Artifact, chats: Artifact, tmp_path: Path
) -> None:
    given = {"model": tiny_model.ref, "dataset": chats.ref}

    unknown = refused(execute, tasks=["arc_eazy"], **given)
    assert (unknown.ename, "Did you mean arc_easy" in shown(unknown)) == ("NotFound", True)

    unreachable = refused(execute, tasks=["arc_easy"], **given)
    assert unreachable.ename == "Unavailable"
    assert "a hub that cannot be reached" in unreachable.evalue
    assert "dataset_path: json" in shown(unreachable)

    mine = tmp_path / "mine"
    shutil.copytree(TASKS, mine)
    text = (mine / "stdlib_modules.yaml").read_text()
    (mine / "stdlib_modules.yaml").write_text(text.replace("stdlib_modules.jsonl", "gone.jsonl"))
    gone = refused(execute, tasks=["stdlib_modules"], task_folder=str(mine), **given)
    assert (gone.ename, "gone.jsonl" in gone.evalue) == ("NotFound", True)

    (mine / "stdlib_modules.yaml").write_text(text.replace("doc_to_choice: choices", "doc_to_choice: nothing"))
    invalid = refused(execute, tasks=["stdlib_modules"], task_folder=str(mine), **given)
    assert (invalid.ename, "cannot run the task 'stdlib_modules'" in invalid.evalue) == ("InvalidInput", True)

    (mine / "stdlib_modules.yaml").write_text(text + "unsafe_code: true\n")
    unsafe = refused(execute, tasks=["stdlib_modules"], task_folder=str(mine), **given)
    assert (unsafe.ename, "executes code that the model writes" in unsafe.evalue) == ("InvalidInput", True)
