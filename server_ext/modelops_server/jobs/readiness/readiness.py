"""Can this job run here, with these parameters? Asks every check, and says it in one answer; queues nothing."""

from __future__ import annotations

from typing import Any

from modelops.errors import InvalidInput
from modelops.registry import Registry
from modelops_server.jobs.queue.table import JobTable
from modelops_server.jobs.readiness import checks, files, stored
from modelops_server.jobs.readiness.answers import Check, Estimate, FieldProblem, FirstBatch, HeldResources, Readiness
from modelops_server.jobs.readiness.asked import Asked, Context
from modelops_server.jobs.readiness.kinds import Findings, kind_of, kind_with_batches
from modelops_server.jobs.readiness.written import as_command, as_python
from modelops_server.jobs.resources import Inventory

PATIENCE = 0.5
"""Seconds that a question waits for the counts of a dataset that nobody has asked about before."""


def check_readiness(
    asked: Asked, queue: JobTable, *, inventory: Inventory | None = None, patience: float | None = PATIENCE
) -> Readiness:
    """Whether the job could run here, why not, and what it will take.

    ``inventory`` is what this machine gives to jobs. What has to be counted first is ``unknown`` where that takes
    longer than ``patience`` seconds, and there when the same is asked again; ``None`` waits for it, 0 does not begin.
    """
    inventory = inventory or Inventory.of_machine()
    registry = Registry(queue.home, queue.database)
    context, problems, found = _context(asked, queue, registry, inventory, patience)
    kind = kind_of(asked.template.kind)
    findings = Findings()
    if context is not None:
        findings = kind.look(context) if kind is not None else Findings([*filter(None, [stored.refuse_form(context)])])
        found += files.missing(context)
    disk, disk_check = checks.disk(queue, findings.disk)
    place, place_check = checks.place(asked, queue, inventory)
    found = [*found, checks.gpus(asked, inventory), *findings.checks, disk_check, place_check]
    estimate = findings.memory and Estimate(
        memory=findings.memory,
        seconds=findings.seconds,
        disk=disk,
        steps=findings.steps,
        rows=findings.rows,
        tokens=findings.tokens,
    )
    share = inventory.share(asked.request)
    return Readiness(
        ready=not problems and all(check.status != "blocked" for check in found),
        checks=found,
        fields=problems,
        estimate=estimate,
        dataset=findings.dataset,
        outlook=findings.outlook,
        resources=HeldResources(cpus=share.cpus, gpus=share.gpus or 0, memory=share.memory),
        queue=place,
        command=as_command(asked),
        python=as_python(asked),
    )


def first_batch(asked: Asked, queue: JobTable) -> FirstBatch:
    """The first packed rows as the model sees them.

    Raises ``InvalidInput`` (with ``fields`` where parameters are wrong) and ``Unavailable``.
    """
    context = _sound(asked, queue)
    return kind_with_batches(asked.template.kind).first_batch(context)


def lighter(asked: Asked, queue: JobTable, limit: int) -> list[dict[str, Any]]:
    """Changes of parameters with which the job fits into ``limit`` bytes of memory, the gentlest first; none where
    that cannot be told.
    """
    try:
        return kind_with_batches(asked.template.kind).lighter(_sound(asked, queue, patience=0.0), limit)
    except InvalidInput:
        return []


def _context(
    asked: Asked, queue: JobTable, registry: Registry, inventory: Inventory, patience: float | None
) -> tuple[Context | None, list[FieldProblem], list[Check]]:
    """What is known of the job when nothing is wrong with it, every problem, and the checks that found it."""
    values, problems, parameters = checks.parameters(asked)
    python, environment = checks.environment(asked, values, queue.home)
    if values is None:
        return None, problems, [parameters, environment]
    artifacts, problems, references = checks.references(asked, values, queue, registry)
    found = [parameters, references, environment]
    if references.status == "blocked":
        return None, problems, found
    context = Context(
        home=queue.home,
        asked=asked,
        values=values,
        artifacts=artifacts,
        python=python,
        queue=queue,
        registry=registry,
        inventory=inventory,
        patience=patience,
    )
    return context, [], found


def _sound(asked: Asked, queue: JobTable, patience: float | None = None) -> Context:
    """The context of a job with which nothing is wrong; raises ``InvalidInput`` with what is."""
    registry = Registry(queue.home, queue.database)
    context, problems, found = _context(asked, queue, registry, Inventory.of_machine(), patience)
    if context is not None:
        return context
    sentence = " ".join(check.sentence for check in found if check.status == "blocked")
    fields = [problem.model_dump() for problem in problems]
    raise InvalidInput("not_ready", sentence, "Ask for the job's readiness: it says what helps.", fields=fields)
