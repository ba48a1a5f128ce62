"""Runs of transformers' Trainer with our callbacks: resumed, limited in time, stopped when they diverge."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed

from modelops.errors import NonFinite
from modelops.models import load_model
from modelops.training import (
    PackedCollator,
    Progress,
    StopWhenNotFinite,
    TimeBudget,
    last_checkpoint,
    mean_answer_loss,
    pack,
    peak_memory_bytes,
    token_losses,
)


class Killed(RuntimeError):
    """What ends a run in the middle."""


class KillAt(TrainerCallback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            raise Killed


@pytest.fixture
def build(tiny_model_folder: Path, examples: Dataset, tmp_path: Path) -> Any:
    """A trainer as the template sets it up, with dropout, so that a resumed run needs the random state, too."""

    def make(*callbacks: TrainerCallback, folder: str = "run", **options: Any) -> Trainer:
        set_seed(7)
        model = load_model(tiny_model_folder, dtype="float32")
        model.config.use_cache = False
        lora = LoraConfig(r=4, lora_dropout=0.2, target_modules="all-linear", task_type="CAUSAL_LM")
        settings: dict[str, Any] = {"max_steps": 6, "learning_rate": 1e-2, "save_steps": 2, "warmup_steps": 1} | options
        arguments = TrainingArguments(
            output_dir=str(tmp_path / folder),
            per_device_train_batch_size=1,
            gradient_accumulation_steps=2,
            lr_scheduler_type="cosine",
            label_names=["labels"],
            remove_unused_columns=False,
            include_num_input_tokens_seen=True,
            logging_steps=1,
            logging_nan_inf_filter=False,
            disable_tqdm=True,
            use_cpu=True,
            seed=7,
            **settings,
        )
        rows = pack(examples, 128)
        return Trainer(
            get_peft_model(model, lora),
            arguments,
            data_collator=PackedCollator(),
            train_dataset=rows,
            eval_dataset=rows,
            callbacks=list(callbacks),
            preprocess_logits_for_metrics=token_losses,
            compute_metrics=mean_answer_loss,
        )

    return make


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    """The lines that were reported outside of a notebook."""
    with caplog.at_level("INFO", logger="modelops"):
        yield lambda: [record.getMessage() for record in caplog.records if record.name == "modelops"]


def _losses(trainer: Trainer) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def _trained(trainer: Trainer) -> list[float]:
    # The trainer has just set the seed; another one built in between would set it again.
    trainer.train()
    return _losses(trainer)


def test_a_run_that_was_killed_and_resumed_ends_like_one_that_was_not(build: Any, tmp_path: Path) -> None:
    whole = build(folder="whole")
    whole.train()
    with pytest.raises(Killed):
        build(KillAt(5), folder="killed").train()

    resumed = build(folder="killed")
    checkpoint = last_checkpoint(tmp_path / "killed")
    assert checkpoint == tmp_path / "killed" / "checkpoint-4"
    resumed.train(resume_from_checkpoint=str(checkpoint))

    assert _losses(resumed) == pytest.approx(_losses(whole), abs=1e-3)
    assert resumed.evaluate()["eval_answer_loss"] == pytest.approx(whole.evaluate()["eval_answer_loss"], abs=1e-3)


def test_the_same_seed_gives_the_same_losses_and_another_does_not(build: Any) -> None:
    first, second, other = (_trained(build(data_seed=data_seed)) for data_seed in (7, 7, 8))
    assert first == second
    assert first != other


def test_a_checkpoint_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    for step in (2, 10):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    (tmp_path / "checkpoint-12").mkdir()
    (tmp_path / "checkpoint-12" / "optimizer.pt").write_bytes(b"half of it")
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert last_checkpoint(tmp_path / "nothing") is None


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_training_stops_at_the_first_loss_that_is_not_finite(build: Any, broken: float) -> None:
    class Break(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
            if state.global_step == 2:
                with torch.no_grad():
                    next(weight for name, weight in model.named_parameters() if "lora_A" in name).fill_(broken)

    trainer = build(StopWhenNotFinite(), Break())
    with pytest.raises(NonFinite) as stopped:
        trainer.train()
    assert stopped.value.code == "non_finite"
    assert stopped.value.details["step"] == 3


def test_a_time_budget_ends_training_between_steps_and_says_so(build: Any, reported: Any) -> None:
    trainer = build(TimeBudget(minutes=1e-9))
    trainer.train()
    assert trainer.state.global_step == 1
    assert any("ends training after step 1 of 6" in line for line in reported())


def test_a_time_budget_that_is_not_reached_changes_nothing(build: Any) -> None:
    assert _trained(build(TimeBudget(minutes=1000))) == _trained(build())


def test_towards_the_end_of_a_time_budget_the_learning_rate_falls(build: Any) -> None:
    budget = TimeBudget(minutes=1)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    budget.on_train_begin(None, None, None)  # type: ignore[arg-type]
    budget._began -= 60 * (1 - TimeBudget.DECAY / 2)
    budget.on_pre_optimizer_step(None, None, None, optimizer=optimizer)  # type: ignore[arg-type]
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.5, abs=0.01)


def test_progress_reports_what_a_person_watches(build: Any, reported: Any) -> None:
    progress = Progress()
    trainer = build(progress)
    trainer.train()
    trainer.evaluate()
    lines = reported()
    last = next(line for line in lines if line.startswith("step 6"))
    for name in ("loss", "grad_norm", "learning_rate", "tokens_per_second", "memory_gb"):
        assert name in last
    assert "training 6 of 6 steps" in lines
    assert any("eval_loss" in line for line in lines)
    assert progress.tokens == trainer.state.num_input_tokens_seen > 0
    assert progress.tokens_per_second > 0


def test_peak_memory_is_in_bytes() -> None:
    status = Path("/proc/self/status").read_text()
    kibibytes = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
    assert peak_memory_bytes() == pytest.approx(kibibytes * 1024, rel=0.05)
