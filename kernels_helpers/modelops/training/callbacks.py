"""Callbacks of ``transformers.Trainer``: progress, samples, a limit on time, an end when the loss is not finite."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from modelops import events
from modelops.errors import NonFinite
from modelops.machine import give_back_memory, peak_memory_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import TrainerControl, TrainerState, TrainingArguments


class Progress(TrainerCallback):
    """Reports steps, losses, learning rate, tokens per second and peak memory through :mod:`modelops.events`.

    After each step it also gives back the memory that was freed.

    ``tokens_per_second`` counts the time inside of steps only, so evaluation and checkpoints do not blur it. It needs
    ``TrainingArguments(include_num_input_tokens_seen=True)``.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        """Seconds spent in training steps so far, in this process."""
        self.tokens = 0
        """Tokens trained on so far, in this process."""
        self._step_began = 0.0
        self._tokens_before = 0
        self._learning_rate = 0.0

    @property
    def tokens_per_second(self) -> float:
        """Mean over all steps so far; 0 before the first."""
        return self.tokens / self.seconds if self.seconds else 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        # A resumed state remembers the tokens of the attempts before this one.
        self._tokens_before = state.num_input_tokens_seen
        events.log_progress(state.global_step, state.max_steps, phase="training")

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._step_began = time.monotonic()

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        # What was used: the trainer logs the rate of its schedule, which a time budget lowers.
        self._learning_rate = kwargs["optimizer"].param_groups[0]["lr"]

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        give_back_memory()
        self.seconds += time.monotonic() - self._step_began
        self.tokens = int(state.num_input_tokens_seen) - self._tokens_before

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        events.log_metric(
            state.global_step,
            loss=logs["loss"],
            grad_norm=logs.get("grad_norm", math.nan),
            learning_rate=self._learning_rate,
            tokens_per_second=self.tokens_per_second,
            memory_gb=peak_memory_bytes() / 1e9,
        )
        events.log_progress(state.global_step, state.max_steps, phase="training")

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        events.log_metric(state.global_step, eval_loss=kwargs["metrics"]["eval_answer_loss"])


class Samples(TrainerCallback):
    """Asks the model the same question at each evaluation, and reports what it answers."""

    def __init__(self, answer: Callable[[str], str], question: str) -> None:
        self.answers: list[str] = []
        """The answers so far, in order."""
        self._answer = answer
        self._question = question

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self.answers.append(self._answer(self._question))
        events.log_sample(state.global_step, self._question, self.answers[-1])


class StopWhenNotFinite(TrainerCallback):
    """Raises ``NonFinite`` at the first loss or gradient norm that is NaN or infinite: what follows would be noise.

    It needs ``TrainingArguments(logging_nan_inf_filter=False)``; by default such losses are hidden from the log.
    """

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        for name in ("loss", "grad_norm", "eval_answer_loss"):
            value = (logs or {}).get(name, 0.0)
            if not math.isfinite(value):
                raise NonFinite(
                    f"{name} became {value} at step {state.global_step} of {state.max_steps}.",
                    "Lower learning_rate or max_grad_norm, lengthen the warm-up, or look for broken rows in the data.",
                    metric=name,
                    step=state.global_step,
                )


class TimeBudget(TrainerCallback):
    """Ends training, as if it were complete, before ``minutes`` of it have passed.

    Over the last part of the budget the learning rate falls to zero, on top of its schedule, because a run that is
    cut off at a high learning rate is worse than a shorter one that has settled (warm-up, stable, decay:
    https://arxiv.org/abs/2404.06395). How many steps fit then need not be known before.
    """

    DECAY = 0.4
    """The share of the budget over which the learning rate falls."""

    def __init__(self, minutes: float) -> None:
        self.seconds = minutes * 60
        self._began = 0.0
        self._step_began = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._began = time.monotonic()

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._step_began = time.monotonic()

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        left = 1 - (time.monotonic() - self._began) / self.seconds
        # The schedule computes each rate from the initial one, so scaling it here does not add up.
        for group in kwargs["optimizer"].param_groups:
            group["lr"] *= max(0.0, min(1.0, left / self.DECAY))

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        now = time.monotonic()
        next_step_would_end = now + (now - self._step_began) - self._began
        if next_step_would_end > self.seconds and state.global_step < state.max_steps:
            control.should_training_stop = True
            events.log_note(
                f"The time budget of {self.seconds / 60:g} minutes ends training after step {state.global_step} of "
                f"{state.max_steps}."
            )
