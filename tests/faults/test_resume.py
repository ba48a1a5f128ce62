"""F26: training that is killed and goes on from its checkpoint ends where it would have ended."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from modelops.registry import Artifact, Registry
from modelops.templates import find_template
from modelops_server.jobs import submit
from modelops_server.jobs.journal import read_events

SETTINGS = {"max_length": 128, "max_steps": 60, "save_every": 10, "eval_rows": 8, "sample_tokens": 4}


def test_f26_training_killed_at_a_step_and_resumed_ends_with_the_loss_of_the_run_that_was_not_killed(
    jobs: Any, tiny_model: Artifact, chats: Artifact
) -> None:
    # Dropout makes the loss depend on the state of the random generator, too.
    settings = SETTINGS | {"base_model": tiny_model.ref, "dataset": chats.ref, "lora_dropout": 0.1}
    sft = find_template("sft", jobs.home)
    killed = submit(jobs.home, sft, settings | {"adapter_name": "killed"})
    jobs.until(lambda: list((killed.folder / "checkpoints").glob("*/checkpoint-30/trainer_state.json")))
    runner = jobs.queue.get(killed.id).attempt.runner

    os.kill(runner.pid, signal.SIGKILL)
    killed = jobs.ended(killed)
    whole = jobs.ended(submit(jobs.home, sft, settings | {"adapter_name": "whole"}))

    assert [(job.state, job.epoch) for job in (killed, whole)] == [("succeeded", 2), ("succeeded", 1)]
    assert _steps(whole.folder, attempt=1) == list(range(1, 61))
    resumed = _steps(killed.folder, attempt=2)
    assert resumed[0] > 30
    assert resumed == list(range(resumed[0], 61))
    one, other = (Registry(jobs.home).get(name).metadata for name in ("killed", "whole"))
    assert abs(float(one["loss_after"]) - float(other["loss_after"])) < 1e-3
    assert float(other["loss_after"]) < float(other["loss_before"]) - 0.1


def _steps(folder: Path, attempt: int) -> list[int]:
    """The steps that an attempt trained, as it reported them."""
    steps, now = [], 0
    for _, event in read_events(folder):
        if event["type"] == "state":
            now = event["attempt"]
        elif event["type"] == "metric" and now == attempt and "loss" in event["values"]:
            steps.append(event["step"])
    return steps
