"""How long a training takes: its arithmetic, divided by the speed of earlier jobs here, or of the machine."""

from __future__ import annotations

import json
import math
import statistics
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from modelops.errors import ModelOpsError
from modelops.machine import processor
from modelops.registry import Registry
from modelops.training.estimate import Plan, RowLoad, flops_per_token
from modelops.units import human_seconds
from modelops_server.jobs.journal import EVENTS, last_lines
from modelops_server.jobs.readiness.answers import Check, Mend, TimeEstimate
from modelops_server.jobs.readiness.subject import Training, shape_of
from modelops_server.jobs.spec import JobSpec
from modelops_server.jobs.states import State

START = 12.0
"""Seconds until the first step: the kernel's start, its imports, tokenizing and loading."""

_LOOKED_AT = 20
"""Jobs that are looked at for speeds, the newest first."""
_EARLIER = 5
"""Speeds of which the median is taken."""
_EARLIER_SPREAD = 0.25
"""How much another job may differ from the fastest and the slowest of them: others use the machine, too."""

_EFFICIENCY = {True: 0.6, False: 0.4}
"""Training's share of the speed of numpy's float32 product, in bfloat16 and in float32."""
_MACHINE_SPREAD = 2.0

_MATRIX = 1024
_LEARNED = 0.6


@dataclass(frozen=True)
class Progress:
    """Steps and tokens of a whole training, as far as they can be told."""

    steps: int | None
    tokens: int | None


@dataclass(frozen=True)
class Speed:
    """Floating-point operations per second that a training reaches here: likely, at least, at most."""

    value: float
    low: float
    high: float
    basis: str


def progress(training: Training) -> Progress:
    """How many steps there will be, as ``Trainer`` counts them; a time budget may end them sooner."""
    plan, facts, values = training.plan, training.facts, training.context.values
    steps = values.get("max_steps")
    if steps is None and facts is not None:
        passes = -(-facts.packed_rows // plan.rows_per_batch)
        steps = math.ceil(values.get("epochs", 1) * -(-passes // plan.gradient_accumulation_steps))
        return Progress(steps, round(values.get("epochs", 1) * facts.tokens))
    if steps is None:
        return Progress(None, None)
    in_step = plan.gradient_accumulation_steps * plan.rows_per_batch
    if facts is not None:
        in_step = min(in_step, facts.packed_rows)
    return Progress(steps, round(steps * in_step * training.row.tokens))


def check(training: Training, planned: Progress) -> tuple[TimeEstimate | None, Check]:
    """The estimate, and what it says beside the limit that was set."""
    if planned.tokens is None:
        return None, Check(
            name="time", status="unknown", sentence="How long it takes is known once the rows are counted."
        )
    speed = _speed(training)
    values, limit = training.context.values, training.context.asked.options.timeout
    work = planned.tokens * flops_per_token(training.shape, training.plan, training.row)
    evaluations = 2 + (planned.steps or 0) // (values.get("eval_every") or math.inf)
    # Forward only, which is a third to a half of a step.
    evaluated = evaluations * values.get("eval_rows", 0) * _row_tokens(training) / 3
    beside = evaluated * flops_per_token(training.shape, training.plan, training.row)
    budget = values.get("max_minutes")

    def seconds(rate: float) -> float:
        trained = min(work / rate, 60 * budget) if budget else work / rate
        return float(START + beside / rate + trained)

    estimate = TimeEstimate(
        value=round(seconds(speed.value), 1),
        low=round(seconds(speed.high), 1),
        high=round(seconds(speed.low), 1),
        basis=speed.basis,
    )
    sentence = (
        f"About {human_seconds(estimate.value)} for {planned.steps:,} steps, "
        f"between {human_seconds(estimate.low)} and {human_seconds(estimate.high)}, judged by {speed.basis}."
    )
    if limit is not None and estimate.value > limit:
        enough = math.ceil(estimate.high / 60) * 60
        mend = Mend(
            sentence=f"Allow {human_seconds(enough)}, or take fewer steps.",
            command=f"--timeout {enough}",
            action={"kind": "options", "options": {"timeout": enough}},
        )
        late = f"{sentence} It is ended after {human_seconds(limit)}."
        return estimate, Check(name="time", status="warning", sentence=late, mend=mend)
    return estimate, Check(name="time", status="ok", sentence=sentence)


def _row_tokens(training: Training) -> float:
    facts = training.facts
    return facts.tokens / max(facts.rows, 1) if facts else training.row.tokens / 2


def _speed(training: Training) -> Speed:
    earlier = _earlier_speeds(training)
    if earlier:
        jobs = "the last job" if len(earlier) == 1 else f"the last {len(earlier)} jobs"
        return Speed(
            statistics.median(earlier),
            min(earlier) * (1 - _EARLIER_SPREAD),
            max(earlier) * (1 + _EARLIER_SPREAD),
            f"{jobs} of this template here",
        )
    value = _matrix_product() * _EFFICIENCY[processor().bf16]
    basis = "a matrix product on this machine" + (", not on its GPU" if training.gpus else "")
    return Speed(value, value / _MACHINE_SPREAD, value * _MACHINE_SPREAD, basis)


def _earlier_speeds(training: Training) -> list[float]:
    """What earlier jobs of the template reached: those most like this one, in model and method, before others."""
    context, model = training.context, training.context.artifact("Model")
    found: list[tuple[bool, bool, float]] = []
    for job in context.queue.list(states=[State.SUCCEEDED], limit=_LOOKED_AT):
        with_gpus = bool(job.attempt and job.attempt.gpus)
        if job.template != context.asked.template.name or with_gpus != bool(training.gpus):
            continue
        measured = _speed_of(job.folder)
        if measured is None:
            continue
        spec, tokens_per_second = measured
        flops = _flops(context.registry, spec)
        if flops is not None:
            same_model = model is not None and any(item.digest == model.digest for item in spec.references)
            same_method = spec.parameters.get("method") == training.plan.method
            found.append((same_model, same_method, tokens_per_second * flops))
    # A small model keeps a processor less busy than a large one, and a 4-bit one less than one that is not.
    alike = max(((model, method) for model, method, _ in found), default=None)
    return [speed for *how, speed in found if tuple(how) == alike][:_EARLIER]


def _flops(registry: Registry, spec: JobSpec) -> float | None:
    """Floating-point operations for each token of a job."""
    plan = Plan.of(spec.parameters)
    if plan is None:
        return None
    for reference in spec.references:
        try:
            artifact = registry.get(reference.ref)
        except ModelOpsError:  # removed since
            continue
        if artifact.kind == "model" and (shape := shape_of(registry, artifact)):
            return flops_per_token(shape, plan, RowLoad(plan.max_length, _LEARNED * plan.max_length))
    return None


@lru_cache(maxsize=256)
def _speed_of(folder: Path) -> tuple[JobSpec, float] | None:
    """Tokens per second as an ended job last reported them; what has ended does not change."""
    for line in reversed(last_lines(folder / EVENTS, 400)):
        try:
            event: Any = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("type") == "metric":
            value = event.get("values", {}).get("tokens_per_second")
            if isinstance(value, int | float) and value > 0:
                return JobSpec.read(folder), float(value)
    return None


@lru_cache(maxsize=1)
def _matrix_product() -> float:
    """Floating-point operations per second of a float32 product of square matrices; measured in 0.1 s."""
    import numpy as np

    matrix = np.ones((_MATRIX, _MATRIX), np.float32)
    best = math.inf
    for _ in range(3):
        began = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - began)
    return float(2 * _MATRIX**3 / best)
