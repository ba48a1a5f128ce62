"""Readiness of a training: what it takes of memory, time and disk, and how its dataset fits."""

from __future__ import annotations

from typing import Any

from modelops.errors import InvalidInput, ModelOpsError
from modelops.machine import processor
from modelops.training.estimate import Plan, RowLoad, checkpoint_bytes, output_bytes
from modelops.training.preview import DatasetFacts
from modelops_server.jobs.preflight import missing_packages
from modelops_server.jobs.readiness import datasets, memory, speeds, stored
from modelops_server.jobs.readiness.answers import Check, DatasetFit, FirstBatch, changes, ok
from modelops_server.jobs.readiness.asked import Context
from modelops_server.jobs.readiness.kinds import Findings
from modelops_server.jobs.readiness.previews import previews
from modelops_server.jobs.readiness.subject import Training, shape_of

SHOWN_ROWS = 2
SHOWN_TOKENS = 1024

_CHECKPOINTS = 3
"""That exist at once: two are kept while the next one is written."""


def look(context: Context) -> Findings:
    """Look at a training whose parameters, references and kernel are right."""
    if (refused := stored.refuse_form(context) or _refuse_rounded(context)) is not None:
        return Findings([refused])
    facts, checks = _count(context)
    training = _training(context, facts)
    fit = _fit(facts) if facts else None
    if training is None:
        sentence = "How much memory it takes cannot be told: the model's sizes, or a row's length, are unknown."
        return Findings([*checks, Check(name="memory", status="unknown", sentence=sentence)], dataset=fit)
    if facts is not None:
        checks += datasets.fit(training, facts)
    if training.gpus and context.python is not None:
        checks.append(_attention(context.python))
    estimate, memory_check = memory.check(training)
    progress = speeds.progress(training)
    seconds, time_check = speeds.check(training, progress)
    return Findings(
        [*checks, memory_check, time_check],
        memory=estimate,
        seconds=seconds,
        disk=_disk(training, progress.steps),
        steps=progress.steps,
        rows=facts.rows if facts else None,
        tokens=progress.tokens,
        dataset=fit,
    )


def _refuse_rounded(context: Context) -> Check | None:
    """The check that all weights are to be trained of a model that is not rounded; ``None`` where that is so."""
    model, parameter = context.artifact("Model"), context.parameter("Model")
    if context.values.get("method") != "full" or model is None or parameter is None:
        return None
    if stored.form(context, model) != "quantized":
        return None
    sentence = f"{model.ref} is quantized: rounded weights cannot be trained, only an adapter beside them."
    mend = stored.original(model, parameter)
    if mend.parameters is None:
        mend = changes("Train an adapter instead, with method=lora.", {"method": "lora"})
    return Check(name="model", status="blocked", sentence=sentence, mend=mend)


def first_batch(context: Context) -> FirstBatch:
    """The first packed rows; raises ``InvalidInput`` without dataset or model, or where there is nothing to learn."""
    model, dataset, plan = context.artifact("Model"), context.artifact("Dataset"), Plan.of(context.values)
    if model is None or dataset is None or plan is None or context.python is None:
        raise InvalidInput(
            "no_batches",
            "A batch needs a model, a dataset, and a kernel that can read them.",
            "Ask for the job's readiness: it says what is missing.",
        )
    rows = min(SHOWN_ROWS, plan.rows_per_batch)
    asked = previews(context.python)
    answer = asked.first_rows(context.home, dataset, model, plan.max_length, rows, SHOWN_TOKENS)
    return FirstBatch(**answer, tokenizer=model.ref)


def lighter(context: Context, limit: int) -> list[dict[str, Any]]:
    """Changes of parameters with which the training fits into ``limit`` bytes of memory, the gentlest first."""
    facts, _ = _count(context)
    training = _training(context, facts)
    return memory.lighter(training, limit) if training else []


def _count(context: Context) -> tuple[DatasetFacts | None, list[Check]]:
    """The counts of the dataset, if they are there, and the checks that follow from their absence."""
    model, dataset, plan = context.artifact("Model"), context.artifact("Dataset"), Plan.of(context.values)
    if model is None or dataset is None or plan is None or context.python is None:
        return None, [datasets.not_looked_at(context)]
    try:
        asked = previews(context.python)
        facts = asked.facts(context.home, dataset, model, plan.max_length, context.patience)
    except ModelOpsError as error:
        return None, [datasets.refused(error, plan)]
    return facts, [] if facts else [datasets.being_counted()]


def _training(context: Context, facts: DatasetFacts | None) -> Training | None:
    model, plan = context.artifact("Model"), Plan.of(context.values)
    shape = shape_of(context.registry, model) if model else None
    if plan is None or shape is None:
        return None
    row = RowLoad.unknown(plan.max_length)
    if facts is not None:
        row = RowLoad(facts.tokens / facts.packed_rows, facts.learned_in_row)
    request = context.inventory.share(context.asked.request)
    return Training(context, plan, shape, row, facts, bf16=bool(request.gpus) or processor().bf16)


def _fit(facts: DatasetFacts) -> DatasetFit:
    shown = set(DatasetFit.model_fields)
    return DatasetFit(**{name: value for name, value in facts.as_json().items() if name in shown})


def _attention(python: str) -> Check:
    """Which attention the notebook will choose on a GPU; whether that GPU can run it is only known there."""
    if missing_packages(["flash_attn"], python):
        sentence = "flash-attn is not installed: on the GPU attention uses PyTorch's sdpa, with a mask."
        return ok("attention", sentence)
    return ok("attention", "flash-attn is installed, and used on GPUs from compute capability 8.0.")


def _disk(training: Training, steps: int | None) -> int:
    """Private copies of the inputs, checkpoints, and what comes out: in the job's folder, and stored."""
    context, plan, shape = training.context, training.plan, training.shape
    inputs = sum(artifact.size for artifact in context.artifacts.values())
    every = context.values.get("eval_every") or context.values.get("save_every") or 1
    written = 1 if steps is None else 1 + steps // every
    return inputs + min(_CHECKPOINTS, written) * checkpoint_bytes(shape, plan) + 2 * output_bytes(shape, plan)
