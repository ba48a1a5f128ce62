"""Whether an evaluation can run here: what fits together, what can be loaded, what was held out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.templates import load_template
from modelops_server.jobs.readiness import Asked, Check, Readiness, check_readiness, first_batch, lighter
from modelops_server.jobs.resources import Inventory

TEMPLATE = load_template(Path(__file__).parents[4] / "templates" / "evaluate.ipynb")
MACHINE = Inventory(cpus=4, gpus=(), memory=16 * 10**9)

Evaluate = Callable[..., dict[str, Check]]
Store = Callable[..., Artifact]


@pytest.fixture
def evaluate(jobs: Any, tiny_model: Artifact, chats: Artifact) -> Evaluate:
    """Asks for the checks of an evaluation of the tiny model with these parameters, by their names."""

    def checks(inventory: Inventory = MACHINE, **parameters: Any) -> dict[str, Check]:
        asked = Asked(TEMPLATE, {"model": "tiny", "dataset": "chats", "max_length": 256, **parameters})
        readiness: Readiness = check_readiness(asked, jobs.queue, inventory=inventory)
        assert readiness.estimate is None  # what was not measured is not promised
        return {check.name: check for check in readiness.checks}

    return checks


@pytest.fixture
def store(registry: Registry, tiny_model_folder: Path, tmp_path: Path) -> Store:
    """Registers a copy of the tiny model with another configuration, or other files."""

    def register(name: str, kind: str = "model", metadata: dict[str, Any] | None = None, **config: Any) -> Artifact:
        folder = tmp_path / name
        shutil.copytree(tiny_model_folder, folder)
        written = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**written, **config}))
        build = Build("import", {}, (Dependency("source", f"file:{name}", "0" * 64),))
        return registry.register(folder, name=name, kind=kind, metadata=metadata or {}, build=build)

    return register


def test_an_evaluation_that_can_run(evaluate: Evaluate) -> None:
    checks = evaluate(reference="tiny")
    assert {check.status for check in checks.values()} == {"ok"}
    assert checks["held_out"].sentence == "The rows are those of its test split."
    assert checks["memory"].sentence.startswith("The weights of model and reference take ")


def test_what_is_no_model_is_refused_by_its_kind(jobs: Any, tiny_model: Artifact, chats: Artifact) -> None:
    asked = Asked(TEMPLATE, {"model": "chats", "reference": "chats", "dataset": "tiny", "adapter": "tiny"})
    readiness = check_readiness(asked, jobs.queue, inventory=MACHINE)
    assert {(field.name, field.code) for field in readiness.fields} == {
        (name, "wrong_kind") for name in ("model", "reference", "dataset", "adapter")
    }


def test_an_adapter_of_another_model_is_blocked_and_the_right_one_proposed(
    evaluate: Evaluate, store: Store, tiny_model: Artifact
) -> None:
    other = store("other")
    store("bot", kind="adapter", metadata={"base_model": other.ref, "base_digest": other.digest})

    check = evaluate(adapter="bot")["adapter"]
    assert check.status == "blocked"
    assert check.mend is not None
    assert check.mend.parameters == {"model": "other@1"}
    assert evaluate(adapter="bot", **check.mend.parameters)["adapter"].status == "ok"

    store("orphan", kind="adapter")
    assert evaluate(adapter="orphan")["adapter"].status == "blocked"


def test_a_reference_with_other_tokens_is_blocked(evaluate: Evaluate, store: Store) -> None:
    store("wider", vocab_size=321)
    check = evaluate(reference="wider")["reference"]
    assert (check.status, "wider@1 321" in check.sentence) == ("blocked", True)


def test_a_package_that_only_this_model_needs_is_asked_for(evaluate: Evaluate, store: Store) -> None:
    store("bits", quantization_config={"quant_method": "bitsandbytes"})
    assert evaluate(model="bits")["packages"].status == "ok"
    assert "packages" not in evaluate()
    store("gptq", quantization_config={"quant_method": "gptq"})
    check = evaluate(reference="gptq")["packages"]
    assert (check.status, "gptq@1 is loaded with gptqmodel" in check.sentence) == ("blocked", True)
    assert check.mend is not None
    assert str(check.mend.command).endswith("-m pip install gptqmodel")
    store("w4a16", quantization_config={"quant_method": "compressed-tensors"})
    checks = evaluate(model="w4a16")
    assert checks["memory"].status == "unknown"
    if checks["packages"].status != "ok":  # where they are not installed
        mend = checks["packages"].mend
        assert mend is not None
        assert mend.command == "--kernel modelops-llm-compressor"


def test_a_dataset_without_held_out_rows_a_missing_file_and_too_long_rows_are_told(
    evaluate: Evaluate, registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "all" / "data").mkdir(parents=True)
    (tmp_path / "all" / "data" / "train.jsonl").write_text('{"text": "Once"}\n')
    build = Build("import", {}, (Dependency("source", "file:all", "0" * 64),))
    registry.register(tmp_path / "all", name="all", kind="dataset", metadata={}, build=build)

    checks = evaluate(dataset="all", choices=str(tmp_path / "none.jsonl"), max_length=1024)
    assert checks["held_out"].status == "warning"
    assert checks["choices"].status == "blocked"
    assert checks["max_length"].mend is not None
    assert checks["max_length"].mend.parameters == {"max_length": 512}


SHIPPED_TASKS = str(Path(__file__).parents[4] / "notebooks" / "lm-eval-tasks")


def test_tasks_need_their_environment_and_nothing_else_does(evaluate: Evaluate) -> None:
    assert "tasks" not in evaluate()
    check = evaluate(tasks=["stdlib_modules"], task_folder=SHIPPED_TASKS)["environment"]
    assert check.status == "blocked"
    assert check.mend is not None
    assert check.mend.action == {"kind": "create-environment", "environment": "lm-eval"}


def test_tasks_in_a_kernel_without_the_harness_are_blocked(jobs: Any, tiny_model: Artifact, chats: Artifact) -> None:
    given = {"model": "tiny", "dataset": "chats", "tasks": ["stdlib_modules"], "task_folder": SHIPPED_TASKS}
    readiness = check_readiness(Asked(TEMPLATE, given, kernel="python3"), jobs.queue, inventory=MACHINE)

    check = {check.name: check for check in readiness.checks}["tasks"]
    assert (check.status, check.sentence) == ("blocked", "The kernel lacks lm_eval, which runs tasks.")
    assert check.mend is not None
    assert check.mend.command == "--kernel modelops-lm-eval"


def test_what_a_task_folder_says_is_known_before(evaluate: Evaluate, tmp_path: Path) -> None:
    known = evaluate(tasks=["stdlib_modules", "python_values"], task_folder=SHIPPED_TASKS)["tasks"]
    assert (known.status, known.sentence) == ("ok", "Tasks of the folder: stdlib_modules, python_values.")
    elsewhere = evaluate(tasks=["stdlib_module", "arc_easy"], task_folder=SHIPPED_TASKS)["tasks"]
    assert (elsewhere.status, "stdlib_module, arc_easy" in elsewhere.sentence) == ("unknown", True)
    assert elsewhere.mend is not None
    assert elsewhere.mend.sentence == "Did you mean stdlib_modules?"

    missing = evaluate(tasks=["x"], task_folder=str(tmp_path / "none"))["tasks"]
    assert (missing.status, missing.sentence) == ("blocked", f"There is no folder {tmp_path / 'none'}.")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x.yaml").write_text("task: x\ndataset_path: json\ndataset_kwargs: {data_files: x.jsonl}\n")
    without = evaluate(tasks=["x"], task_folder=str(tmp_path / "mine"))["tasks"]
    assert (without.status, "x.jsonl, which is not there" in without.sentence) == ("blocked", True)
    (tmp_path / "mine" / "y.yaml").write_text("task: [")
    broken = evaluate(tasks=["x"], task_folder=str(tmp_path / "mine"))["tasks"]
    assert (broken.status, broken.sentence.startswith("y.yaml is not YAML")) == ("blocked", True)
    assert evaluate(task_folder=SHIPPED_TASKS)["tasks"].status == "warning"


def test_weights_that_do_not_fit_are_blocked(evaluate: Evaluate) -> None:
    check = evaluate(Inventory(cpus=4, gpus=(), memory=10**5), reference="tiny")["memory"]
    assert check.status == "blocked"
    assert check.mend is not None
    assert check.mend.parameters == {"reference": None}


def test_an_evaluation_has_no_batches(jobs: Any, tiny_model: Artifact, chats: Artifact) -> None:
    asked = Asked(TEMPLATE, {"model": "tiny", "dataset": "chats"})
    with pytest.raises(InvalidInput, match="no batches"):
        first_batch(asked, jobs.queue)
    assert lighter(asked, jobs.queue, 10**9) == []
