"""Whether a training fits into memory, and the changes with which it would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from modelops.errors import InvalidInput
from modelops.machine import memory_bytes
from modelops.machine.gpus import gpus
from modelops.training.estimate import MEASURED, Plan
from modelops.units import human_bytes
from modelops_server.jobs.readiness.answers import Check, MemoryEstimate, Mend, Status, changes
from modelops_server.jobs.readiness.subject import Training
from modelops_server.jobs.readiness.written import in_words

_SHORTEST = 64
"""Tokens below which no row is proposed."""
_LIGHTER = 0.9
"""Share of the present estimate that a lighter one may have at most."""
_SHARES = (0.75, 0.5, 0.375, 0.25, 0.125)


def check(training: Training) -> tuple[MemoryEstimate, Check]:
    """The estimate, and what it says beside what there is."""
    parts = training.memory()
    need, error = sum(parts.values()), MEASURED.error
    total, free = _available(training)
    estimate = MemoryEstimate(
        bytes=need, total=total, error_fraction=error, measured=not training.gpus and training.bf16, parts=parts
    )
    limit = training.context.asked.options.memory
    about = f"It needs about {human_bytes(need)} (± {error:.0%})"
    if not estimate.measured:
        about += ", by a formula that was not measured on such hardware"
    where = "the GPU has" if training.gpus else "there are"

    def found(status: Status, sentence: str, mend: Mend | None = None) -> tuple[MemoryEstimate, Check]:
        return estimate, Check(name="memory", status=status, sentence=f"{about}; {sentence}.", mend=mend)

    if limit is not None and limit <= total and need * (1 + error) > limit:
        status: Status = "blocked" if need > limit else "warning"
        killed = f"it is killed when it uses more than {human_bytes(limit)}"
        return found(status, killed, _mend(training, limit) or _raise_limit(need, total))
    if need * (1 + error) > total:
        return found("blocked" if need > total else "warning", f"{where} {human_bytes(total)}", _mend(training, total))
    if need > free:
        sentence = f"of {human_bytes(total)} only {human_bytes(free)} are free now"
        return found("warning", sentence, _mend(training, free))
    held = training.context.inventory.share(training.context.asked.request).memory
    if not training.gpus and need > held:
        sentence = f"it holds only {human_bytes(held)}, so others may start beside it"
        return found("warning", sentence, _hold_more(need))
    return found("ok", f"{where} {human_bytes(total)}")


def lighter(training: Training, limit: int) -> list[dict[str, Any]]:
    """Changes of parameters, each of which alone brings the estimate and its error below ``limit`` bytes.

    Where no single one does, one set of several: less precision, smaller batches, recomputing, and then shorter rows.
    """
    template = training.context.asked.template
    known = {parameter.name for parameter in template.parameters}

    def usable(change: dict[str, Any]) -> bool:
        if not known >= change.keys():
            return False
        try:
            template.validate({**training.context.asked.parameters, **change})
        except InvalidInput:
            return False
        return True

    def need(change: dict[str, Any]) -> int:
        return _need(training, change)

    def fits(change: dict[str, Any]) -> bool:
        return need(change) * (1 + MEASURED.error) <= limit

    # What did not fit although the estimate says it would has to become lighter all the same.
    limit = min(limit, int(_LIGHTER * sum(training.memory().values())))
    stages = (_methods, _shorter, _smaller, _recomputing)
    single = (next(filter(fits, filter(usable, stage(training.plan))), None) for stage in stages)
    if alone := [change for change in single if change]:
        return alone
    together: dict[str, Any] = {}
    for stage in (_methods, _smaller, _recomputing, _shorter):
        plan = replace(training.plan, **together)
        options = [{**together, **change} for change in stage(plan) if usable(change)]
        if enough := next(filter(fits, options), None):
            return [enough]
        together = min([together, *options], key=need)
    return []


def _methods(plan: Plan) -> Iterator[dict[str, Any]]:
    """What is frozen needs no gradient and no moments; in 4 bits it is a quarter of its size."""
    methods = ("full", "lora", "qlora")
    yield from ({"method": method} for method in methods[methods.index(plan.method) + 1 :])


def _shorter(plan: Plan) -> Iterator[dict[str, Any]]:
    for share in _SHARES:
        length = int(plan.max_length * share) // 64 * 64
        if length >= _SHORTEST:
            yield {"max_length": length}


def _smaller(plan: Plan) -> Iterator[dict[str, Any]]:
    """Fewer rows in a pass, and more passes in a step, so that a step sees as many tokens."""
    rows = plan.rows_per_batch
    while rows > 1:
        rows //= 2
        passes = plan.gradient_accumulation_steps * plan.rows_per_batch // rows
        yield {"rows_per_batch": rows, "gradient_accumulation_steps": passes}


def _recomputing(plan: Plan) -> Iterator[dict[str, Any]]:
    if not plan.gradient_checkpointing:
        yield {"gradient_checkpointing": True}


def _mend(training: Training, limit: int) -> Mend | None:
    found = lighter(training, limit)
    if not found:
        return None
    words = in_words(found[0])
    return changes(f"With {words} it fits: about {human_bytes(_need(training, found[0]))}.", found[0])


def _need(training: Training, change: Mapping[str, Any]) -> int:
    return sum(training.memory(replace(training.plan, **change)).values())


def _raise_limit(need: int, total: int) -> Mend | None:
    enough = _rounded_up(need * (1 + MEASURED.error))
    if enough > total:
        return None
    return Mend(
        sentence=f"Allow {human_bytes(enough)}.",
        command=f"--memory {enough // 10**6}MB",
        action={"kind": "options", "options": {"memory": enough}},
    )


def _hold_more(need: int) -> Mend:
    enough = _rounded_up(need * (1 + MEASURED.error))
    return Mend(
        sentence=f"Let it hold {human_bytes(enough)}.",
        action={"kind": "resources", "resources": {"memory": enough}},
    )


def _rounded_up(size: float) -> int:
    return -(-int(size) // 10**8) * 10**8


def _available(training: Training) -> tuple[int, int]:
    """Bytes in all, and free now; of the smallest GPU where the job runs on one."""
    if training.gpus:
        smallest = min((gpu.memory for gpu in gpus()), default=0)
        return smallest, smallest
    total, free = memory_bytes()
    return min(total, training.context.inventory.memory), free
