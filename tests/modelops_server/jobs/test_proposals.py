"""What is proposed when a job is tried again, by the reason why it did not succeed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.registry import Artifact
from modelops_server.jobs import ReasonCode, State
from modelops_server.jobs.proposals import propose
from modelops_server.jobs.retrying import retry
from modelops_server.jobs.spec import JobSpec

TRAINING = """\
from modelops.templates import Dataset, Model
base_model: Model = "tiny"
dataset: Dataset = "chats"
method: str = "lora"
max_length: int = 512
rows_per_batch: int = 64
gradient_accumulation_steps: int = 1
gradient_checkpointing: bool = False
"""


def test_out_of_memory_proposes_what_takes_less_by_the_estimate(
    jobs: Any, notebook: Callable[..., Path], tiny_model: Artifact, chats: Artifact
) -> None:
    job = jobs.run(notebook("raise MemoryError('no')", parameters=TRAINING, kind="train"))

    proposals = propose(job, jobs.queue)

    assert job.reason.code == ReasonCode.OUT_OF_MEMORY
    changes = [proposal.parameters for proposal in proposals]
    # How many fit is this machine's: as many rows in a step as before, fewer at once.
    [fewer] = [change for change in changes if "rows_per_batch" in change]
    assert fewer["rows_per_batch"] < 64
    assert fewer["rows_per_batch"] * fewer["gradient_accumulation_steps"] == 64
    assert all(change for change in changes)


def test_a_memory_limit_is_raised_where_the_machine_has_more(jobs: Any, notebook: Callable[..., Path]) -> None:
    hungry = "import time\nblock = bytearray(300_000_000)\nblock[::4096] = b'x' * len(block[::4096])\ntime.sleep(30)"
    job = jobs.run(notebook(hungry), memory=200_000_000)

    [proposal] = propose(job, jobs.queue)

    assert job.reason.code == ReasonCode.OUT_OF_MEMORY
    assert proposal.options == {"memory": 400_000_000}


def test_a_time_limit_is_raised_and_training_can_end_sooner(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(notebook("import time; time.sleep(60)", parameters="max_minutes: float | None = None"), timeout=2.0)

    longer, sooner = propose(job, jobs.queue)

    assert job.reason.code == ReasonCode.TIMEOUT
    assert longer.options == {"timeout": 4}
    assert sooner.parameters == {"max_minutes": 0.1}


def test_the_limit_of_a_cell_is_raised_where_a_cell_ran_into_it(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(notebook("import time; time.sleep(60)"), cell_timeout=1.0)

    [longer] = propose(job, jobs.queue)

    assert longer.options == {"cell_timeout": 2}


@pytest.mark.parametrize(("given", "proposed"), [("0.02", 0.005), ("None", 0.00025)])
def test_what_is_not_finite_is_tried_with_a_lower_learning_rate(
    jobs: Any, notebook: Callable[..., Path], given: str, proposed: float
) -> None:
    parameters = f"method: str = 'lora'\nlearning_rate: float | None = {given}"
    failing = "import modelops\nraise modelops.errors.NonFinite('loss became nan')"
    job = jobs.run(notebook("import modelops.errors\n" + failing, parameters=parameters))

    [proposal] = propose(job, jobs.queue)

    assert job.reason.code == ReasonCode.NON_FINITE
    assert proposal.parameters == {"learning_rate": proposed}


def test_a_full_disk_proposes_the_same_again_and_fewer_checkpoints(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(notebook("raise OSError(28, 'No space left on device')", parameters="save_every: int = 50"))

    again, rarer = propose(job, jobs.queue)

    assert (again.parameters, again.options) == ({}, {})
    assert rarer.parameters == {"save_every": 500}


def test_nothing_is_proposed_for_success_and_for_what_only_its_author_can_mend(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    good = jobs.run(notebook("1", name="good"))
    wrong = jobs.run(notebook("1 / 0", name="wrong"))

    assert (good.state, propose(good, jobs.queue)) == (State.SUCCEEDED, [])
    assert propose(wrong, jobs.queue) == []


def test_a_job_whose_folder_is_gone_has_no_proposals(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(notebook("import time; time.sleep(60)"), timeout=1.0)
    (job.folder / "spec.json").unlink()

    assert propose(job, jobs.queue) == []


def test_a_proposal_is_taken_up_by_trying_again(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(notebook("import time; time.sleep(60)"), timeout=1.0)
    [proposal] = propose(job, jobs.queue)

    again = retry(jobs.home, job.id, proposal.parameters, limits=proposal.options, queue=jobs.queue)

    assert JobSpec.read(again.folder).options.timeout == 2
