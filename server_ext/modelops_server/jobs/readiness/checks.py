"""What is looked at for every job: parameters, references, kernel, GPUs, disk, the queue. Each says what helps."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from modelops.errors import ModelOpsError
from modelops.names import check_name
from modelops.paths import StateHome
from modelops.registry import Artifact, Registry
from modelops.registry.database import LEAST_SPACE
from modelops.templates import Template
from modelops.units import human_bytes
from modelops_server.gpu_claims import claims
from modelops_server.jobs import preflight
from modelops_server.jobs.queue.table import JobTable
from modelops_server.jobs.readiness.answers import Check, DiskEstimate, FieldProblem, Mend, Place, ok
from modelops_server.jobs.readiness.asked import Asked
from modelops_server.jobs.resources import Inventory
from modelops_server.jobs.running.kernels import find_kernel, kernel_python
from modelops_server.jobs.spec import PinnedReference

_ADDED_BY = {"Model": "add-model", "Dataset": "add-dataset"}


def parameters(asked: Asked) -> tuple[dict[str, Any] | None, list[FieldProblem], Check]:
    """The whole set of values, or every problem with them as a submission says it."""
    template = asked.template
    problems: list[FieldProblem] = []
    hints: list[str] = []
    values: dict[str, Any] = {}
    for one in _each(template):
        try:
            preflight.refuse_sources(one, asked.parameters)
        except ModelOpsError as error:
            problems += _fields(error)
            hints.append(error.hint)
    try:
        values = template.validate(asked.parameters)
    except ModelOpsError as error:
        problems += _fields(error)
        hints.append(error.hint)
    if not problems:
        return values, [], ok("parameters", "Every parameter has a value that it can have.")
    sentence = "; ".join(f"{problem.name}: {problem.message}" for problem in problems[:5])
    return None, problems, Check(name="parameters", status="blocked", sentence=sentence, mend=_mend(hints[0]))


def references(
    asked: Asked, values: dict[str, Any], queue: JobTable, registry: Registry
) -> tuple[dict[str, Artifact], list[FieldProblem], Check]:
    """The artifacts that are meant: there, signed, and with files of the signed sizes; not every byte is read."""
    found: dict[str, Artifact] = {}
    problems: list[FieldProblem] = []
    mend: Mend | None = None
    pinned: list[PinnedReference] = []
    for template in _each(asked.template):
        [parameter] = template.parameters
        try:
            now, _ = preflight.pin_references(template, dict(values), queue, registry)
            preflight.find_secrets(template, values)
        except ModelOpsError as error:
            problems += _fields(error)
            kind = _ADDED_BY.get(parameter.reference or "")
            action = {"kind": kind, "parameter": parameter.name} if kind else None
            mend = mend or _mend(error.hint, action)
        else:
            pinned += now
    if problems:
        sentence = "; ".join(f"{problem.name}: {problem.message}" for problem in problems[:5])
        return found, problems, Check(name="references", status="blocked", sentence=sentence, mend=mend)
    for reference in pinned:
        try:
            found[reference.parameter] = _whole(registry, reference.ref)
        except ModelOpsError as error:
            command = f"modelops artifacts verify {reference.ref}"
            mend = Mend(sentence=error.hint or "See what is wrong with it.", command=command)
            return found, [], Check(name="references", status="blocked", sentence=error.message, mend=mend)
    if rejected := [artifact for artifact in found.values() if artifact.rejected]:
        sentence = "; ".join(f"{one.ref} did not pass its gate: {' '.join(one.rejected)}" for one in rejected)
        return found, [], Check(name="references", status="warning", sentence=sentence)
    names = ", ".join(sorted({reference.ref for reference in pinned}))
    return found, [], ok("references", f"Registered and signed: {names}." if names else "It reads no artifacts.")


def environment(asked: Asked, values: dict[str, Any] | None, home: StateHome) -> tuple[str | None, Check]:
    """The kernel's Python, and whether it is there with all that the notebook needs."""
    # Where a parameter is wrong, what was given still says which environment is meant.
    values = {**_defaults(asked.template), **asked.parameters} if values is None else values
    try:
        preflight.check_executor(asked.executor)
        if asked.name is not None:
            check_name(asked.name, "job name")
        name, _ = preflight.choose_kernel(asked.template, values, asked.kernel, home)
        preflight.check_packages(asked.template.requires, name)
    except ModelOpsError as error:
        wanted = error.details.get("environment")
        action = {"kind": "create-environment", "environment": wanted} if wanted else None
        mend = _mend(error.hint, action)
        return None, Check(name="environment", status="blocked", sentence=error.message, mend=mend)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        sentence = f"The kernel could not be asked for its packages: {error}."
        return None, Check(name="environment", status="unknown", sentence=sentence)
    packages = f" with {', '.join(asked.template.requires)}" if asked.template.requires else ""
    return kernel_python(find_kernel(name)), ok("environment", f"The kernel {name!r} is there{packages}.")


def _defaults(template: Template) -> dict[str, Any]:
    return {parameter.name: parameter.default for parameter in template.parameters if not parameter.required}


def gpus(asked: Asked, inventory: Inventory) -> Check:
    """Whether there are as many GPUs as are asked for."""
    wanted, there = inventory.share(asked.request).gpus or 0, len(inventory.gpus)
    if wanted > there:
        have = f"there are {there}" if there else "there is none"
        return Check(
            name="gpu",
            status="blocked",
            sentence=f"It asks for {wanted} GPUs, and {have} for jobs here: it would wait for ever.",
            mend=Mend(
                sentence=f"Ask for {there or 'none'}.",
                command=f"--gpus {there}",
                action={"kind": "resources", "resources": {"gpus": there}},
            ),
        )
    return ok("gpu", f"It holds {wanted} of {there} GPUs." if wanted else "It runs on the processor.")


def disk(queue: JobTable, needed: int) -> tuple[DiskEstimate, Check]:
    """Whether the state home has the space."""
    estimate = DiskEstimate(bytes=needed, free=queue.home.free_bytes())
    sentence = f"{human_bytes(estimate.free)} are free"
    sentence = f"It writes about {human_bytes(needed)}; {sentence}" if needed else sentence
    if estimate.free - needed < LEAST_SPACE:
        mend = Mend(sentence="See what nothing needs any more, and free some space.", command="modelops registry gc")
        return estimate, Check(name="disk", status="blocked", sentence=f"{sentence}.", mend=mend)
    return estimate, ok("disk", f"{sentence}.")


def place(asked: Asked, queue: JobTable, inventory: Inventory) -> tuple[Place, Check]:
    """Where it would stand in the queue."""
    try:
        needed = [preflight.needed_job(queue, job_id) for job_id in asked.after]
    except ModelOpsError as error:
        check = Check(name="queue", status="blocked", sentence=error.message, mend=_mend(error.hint))
        return Place(ahead=0, free_now=False), check
    ahead = queue.ahead_of_priority(asked.priority)
    usage = queue.usage()
    lacking = inventory.lacking(inventory.share(asked.request), usage)
    answer = Place(ahead=ahead, free_now=not lacking)
    if waited_for := [job.id for job in needed if not job.state.terminal]:
        return answer, ok("queue", f"It starts when {' and '.join(waited_for)} succeeded.")
    if not ahead and not lacking:
        return answer, ok("queue", "It can start at once.")
    reasons = [f"{ahead} waiting {'jobs come' if ahead > 1 else 'job comes'} first"] if ahead else []
    if lacking:
        holders = ["running jobs"] if usage.jobs else []
        if "gpus" in lacking:
            holders += sorted({held.holder for held in claims(queue.home).values() if held.kind == "endpoint"})
        reasons.append(f"{' and '.join(sorted(lacking))} are held by {' and '.join(holders)}")
    return answer, Check(name="queue", status="warning", sentence=f"It waits: {'; '.join(reasons)}.")


def _each(template: Template) -> Iterable[Template]:
    """The template with one parameter at a time, so that one problem does not hide the next."""
    return (replace(template, parameters=(parameter,)) for parameter in template.parameters)


def _whole(registry: Registry, ref: str) -> Artifact:
    """The artifact with its signature, rows and log checked, and its files there in the signed sizes."""
    artifact = registry.signed(registry.get(ref)).artifact
    for file in artifact.files:
        registry.require_blob(file)
    return artifact


def _fields(error: ModelOpsError) -> list[FieldProblem]:
    given = error.details.get("fields") or [{"name": "", "code": error.code, "message": error.message}]
    return [FieldProblem(**field) for field in given]


def _mend(hint: str, action: dict[str, Any] | None = None) -> Mend | None:
    """A hint as a mend; what follows its last colon, where that is a command of ours, is to be copied."""
    if not hint:
        return None
    _, colon, command = hint.rpartition(": ")
    copied = command if (colon and command.startswith(("modelops ", "export "))) or " -m pip " in command else None
    return Mend(sentence=hint, command=copied, action=action)
