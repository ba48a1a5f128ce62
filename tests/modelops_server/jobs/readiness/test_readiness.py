"""Whether a job can run here: what is said when it can, and what helps when it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops.registry import Artifact, Registry
from modelops.templates import Template, load_template
from modelops_server.jobs import JobOptions, State, submit
from modelops_server.jobs.readiness import Asked, Check, Readiness, first_batch
from modelops_server.jobs.resources import Inventory

Ask = Callable[..., Readiness]


def named(readiness: Readiness, name: str) -> Check:
    """The check of this name."""
    [check] = [check for check in readiness.checks if check.name == name]
    return check


def test_a_job_that_can_run_is_ready_with_what_it_takes(ask: Ask) -> None:
    readiness = ask()

    assert readiness.ready
    assert {check.status for check in readiness.checks} == {"ok"}
    assert readiness.dataset is not None
    assert (readiness.dataset.rows, readiness.dataset.held_out, readiness.dataset.masked) == (40, "test", 0)
    assert readiness.estimate is not None
    memory = readiness.estimate.memory
    assert memory.bytes == sum(memory.parts.values()) > 10**8
    assert memory.total <= 16 * 10**9
    assert 0 < memory.error_fraction < 1
    assert readiness.estimate.seconds is not None
    assert 0 < readiness.estimate.seconds.low <= readiness.estimate.seconds.value <= readiness.estimate.seconds.high
    assert readiness.estimate.disk.bytes > 0
    assert (readiness.resources.cpus, readiness.resources.gpus, readiness.queue.free_now) == (2.0, 0, True)


def test_asking_queues_nothing(ask: Ask, jobs: Any) -> None:
    ask()

    assert jobs.queue.list() == ()
    assert not jobs.home.jobs.exists()


def test_steps_and_tokens_are_those_of_the_trainer(ask: Ask) -> None:
    readiness = ask({"epochs": 2.0, "gradient_accumulation_steps": 3})

    assert readiness.dataset is not None
    assert readiness.estimate is not None
    assert readiness.estimate.steps == 2 * -(-readiness.dataset.packed_rows // 3)
    assert readiness.estimate.tokens == 2 * readiness.dataset.tokens


def test_wrong_parameters_are_told_field_by_field_as_a_submission_tells_them(
    ask: Ask, jobs: Any, sft: Template
) -> None:
    wrong = {"rank": 0, "lerning_rate": 1.0, "base_model": "hf:org/name"}

    readiness = ask(wrong)

    assert not readiness.ready
    assert {field.name for field in readiness.fields} == {"rank", "lerning_rate", "base_model"}
    for name, value in wrong.items():
        with pytest.raises(InvalidInput) as refused:
            submit(jobs.home, sft, {"base_model": "tiny", "dataset": "chats", name: value}, queue=jobs.queue)
        [field] = refused.value.details["fields"]
        assert field in [problem.model_dump() for problem in readiness.fields]


def test_a_model_that_is_not_there_can_be_added(ask: Ask) -> None:
    readiness = ask({"base_model": "nope"})

    assert [(field.name, field.code) for field in readiness.fields] == [("base_model", "artifact_not_found")]
    mend = named(readiness, "references").mend
    assert mend is not None
    assert mend.action == {"kind": "add-model", "parameter": "base_model"}
    assert readiness.estimate is None


def test_every_reference_that_is_wrong_is_named(ask: Ask) -> None:
    readiness = ask({"base_model": "nope", "dataset": "tiny"})

    assert {field.name: field.code for field in readiness.fields} == {
        "base_model": "artifact_not_found",
        "dataset": "wrong_kind",
    }


def test_a_model_whose_file_was_cut_off_blocks(ask: Ask, registry: Registry, tiny_model: Artifact) -> None:
    [weights] = [file for file in tiny_model.files if file.path == "model.safetensors"]
    blob = registry.blobs.path(weights.sha256)
    blob.chmod(0o644)
    os.truncate(blob, weights.size - 1)

    check = named(ask(), "references")

    assert check.status == "blocked"
    assert check.mend is not None
    assert check.mend.command == "modelops artifacts verify tiny@1"


def test_a_kernel_that_is_not_there_blocks(ask: Ask) -> None:
    check = named(ask(kernel="nope"), "environment")

    assert check.status == "blocked"
    assert check.mend is not None
    assert "python3" in check.mend.sentence


def test_packages_that_the_kernel_lacks_come_with_the_command_that_installs_them(
    ask: Ask, notebook: Callable[..., Path]
) -> None:
    check = named(ask(template=load_template(notebook("1", requires=["no_such_package"]))), "environment")

    assert check.status == "blocked"
    assert check.mend is not None
    assert (check.mend.command or "").endswith("-m pip install no_such_package")


def test_gpus_that_the_machine_does_not_have_block(ask: Ask) -> None:
    readiness = ask(resources={"gpus": 2})

    assert named(readiness, "gpu").status == "blocked"
    mend = named(readiness, "gpu").mend
    assert mend is not None
    assert mend.action == {"kind": "resources", "resources": {"gpus": 0}}


def test_too_much_memory_blocks_and_the_proposed_change_really_fits(ask: Ask) -> None:
    large = {"max_length": 512, "rows_per_batch": 256, "gradient_accumulation_steps": 1}

    check = named(ask(large, options=JobOptions(memory=10**9)), "memory")

    assert check.status == "blocked"
    assert check.mend is not None
    assert check.mend.parameters
    mended = ask({**large, **check.mend.parameters}, options=JobOptions(memory=10**9))
    assert named(mended, "memory").status != "blocked"  # others may use what is free just now
    assert mended.estimate is not None
    assert mended.estimate.memory.bytes < 10**9


def test_memory_is_compared_with_what_the_machine_gives_to_jobs(ask: Ask) -> None:
    check = named(ask(inventory=Inventory(cpus=4, gpus=(), memory=10**8)), "memory")

    assert check.status == "blocked"


def test_rows_that_lose_their_answer_are_a_warning_with_the_length_that_keeps_it(ask: Ask) -> None:
    check = named(ask({"max_length": 80}), "dataset")

    assert check.status == "warning"
    assert check.mend is not None
    assert check.mend.parameters is not None
    assert named(ask(check.mend.parameters), "dataset").status == "ok"


def test_rows_that_all_lose_their_answer_block(ask: Ask) -> None:
    check = named(ask({"max_length": 16}), "dataset")

    assert (check.status, check.mend and check.mend.parameters) == ("blocked", {"max_length": 32})


def test_more_tokens_than_the_model_reads_are_a_warning(ask: Ask) -> None:
    check = named(ask({"max_length": 1024}), "dataset")

    assert (check.status, check.mend and check.mend.parameters) == ("warning", {"max_length": 512})


def test_a_time_limit_that_is_too_short_is_a_warning_with_one_that_is_not(ask: Ask) -> None:
    check = named(ask(options=JobOptions(timeout=1.0)), "time")

    assert check.status == "warning"
    assert check.mend is not None
    assert check.mend.action is not None
    assert named(ask(options=JobOptions(**check.mend.action["options"])), "time").status == "ok"


def test_on_a_gpu_the_estimate_says_that_it_was_not_measured_there(ask: Ask) -> None:
    readiness = ask(inventory=Inventory(cpus=4, gpus=("0",), memory=16 * 10**9), patience=0.0)

    assert readiness.resources.gpus == 1
    assert readiness.estimate is not None
    assert not readiness.estimate.memory.measured
    assert "not measured" in named(readiness, "memory").sentence
    assert "flash-attn" in named(readiness, "attention").sentence


def test_what_is_not_counted_yet_is_unknown_and_known_when_asked_again(ask: Ask) -> None:
    first = ask(patience=1e-6)

    check = named(first, "dataset")
    assert (check.status, check.mend and check.mend.action) == ("unknown", {"kind": "ask-again"})
    assert first.ready
    assert named(ask(), "dataset").status == "ok"


def test_the_counts_stay_in_the_state_home(ask: Ask, jobs: Any) -> None:
    ask()

    [stored] = (jobs.home.cache / "previews").iterdir()
    counted = json.loads(stored.read_bytes())
    stored.write_text(json.dumps({**counted, "rows": 41}))
    again = ask(patience=0.0).dataset
    assert again is not None
    assert again.rows == 41


def test_an_earlier_job_of_the_template_tells_the_speed(
    ask: Ask, jobs: Any, notebook: Callable[..., Path], tiny_model: Artifact, chats: Artifact
) -> None:
    parameters = (
        "from modelops.templates import Dataset, Model\n"
        "base_model: Model = 'tiny'\ndataset: Dataset = 'chats'\nmax_length: int = 128\nmax_steps: int = 4"
    )
    template = load_template(
        notebook(
            "import modelops; modelops.log_metric(1, tokens_per_second=1000.0)", parameters=parameters, kind="train"
        )
    )
    assert jobs.run(template.path).state is State.SUCCEEDED

    estimate = ask(template=template).estimate

    assert estimate is not None
    assert estimate.seconds is not None
    assert estimate.seconds.basis == "the last job of this template here"


def test_an_output_that_another_job_is_making_is_no_problem(ask: Ask, jobs: Any, notebook: Callable[..., Path]) -> None:
    maker = jobs.submit(notebook("1"))

    readiness = ask({"base_model": f"job:{maker.id}"})

    assert readiness.ready
    assert named(readiness, "dataset").status == "unknown"


def test_jobs_that_come_first_are_counted(ask: Ask, jobs: Any, notebook: Callable[..., Path]) -> None:
    jobs.submit(notebook("1"))

    readiness = ask()

    assert readiness.ready
    assert (readiness.queue.ahead, named(readiness, "queue").status) == (1, "warning")


def test_any_notebook_is_looked_at_without_an_estimate(ask: Ask, notebook: Callable[..., Path]) -> None:
    readiness = ask({"n": 2}, template=load_template(notebook("n", parameters="n: int = 1")))

    assert readiness.ready
    assert (readiness.estimate, readiness.dataset) == (None, None)


def test_the_first_batch_is_shown_token_by_token(
    jobs: Any, sft: Template, tiny_model: Artifact, chats: Artifact
) -> None:
    batch = first_batch(Asked(sft, {"base_model": "tiny", "dataset": "chats", "max_length": 128}), jobs.queue)

    [row] = batch.rows
    assert batch.tokenizer == tiny_model.ref
    learned = "".join(token.text for token in row.tokens if token.learned)
    assert learned.startswith("ok ")
    assert learned.endswith("<|im_end|>")


def test_a_notebook_without_batches_says_so(jobs: Any, notebook: Callable[..., Path]) -> None:
    with pytest.raises(InvalidInput) as refused:
        first_batch(Asked(load_template(notebook("1")), {}), jobs.queue)

    assert refused.value.code == "no_batches"


def test_who_asks_never_loads_torch(jobs: Any, sft: Template, tiny_model: Artifact, chats: Artifact) -> None:
    program = (
        "import sys\n"
        "from modelops.paths import StateHome\n"
        "from modelops.templates import load_template\n"
        "from modelops_server.jobs import Queue\n"
        "from modelops_server.jobs.readiness import Asked, check_readiness, close_previews\n"
        f"asked = Asked(load_template({str(sft.path)!r}), {{'base_model': 'tiny', 'dataset': 'chats'}})\n"
        "assert check_readiness(asked, Queue(StateHome.default()), patience=None).dataset\n"
        "close_previews()\n"
        "print([name for name in ('torch', 'transformers', 'datasets', 'trl') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr
