""" "Try again with …": what to change about a job that did not succeed, from the reason why."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from modelops.errors import ModelOpsError
from modelops.machine import memory_bytes
from modelops.templates import load_template
from modelops.training.estimate import usual_learning_rate
from modelops.units import human_bytes, human_seconds
from modelops_server.jobs.queue.table import JobTable
from modelops_server.jobs.readiness import Asked, in_words, lighter
from modelops_server.jobs.records import Job
from modelops_server.jobs.spec import INPUT, JobSpec
from modelops_server.jobs.states import ReasonCode

_MORE = 2.0
"""By how much a limit is raised that was too low."""
_CALMER = 0.25
"""Share of a learning rate at which training diverged."""
_RARER = 10
"""How many times rarer checkpoints become."""


@dataclass(frozen=True)
class Proposal:
    """One way to try again; both empty: as it was."""

    sentence: str
    parameters: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    """Limits of the job, named as in a submission."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class _Failure:
    """A job that did not succeed, and why."""

    job: Job
    spec: JobSpec
    asked: Asked
    details: Mapping[str, Any]
    queue: JobTable

    def value(self, parameter: str) -> Any:
        """What a parameter was; ``None`` where the template has no such one."""
        return self.spec.parameters.get(parameter)

    def has(self, parameter: str) -> bool:
        return parameter in self.spec.parameters


def propose(job: Job, queue: JobTable) -> list[Proposal]:
    """What to try, the likeliest to help first; nothing for a job that succeeded, was cancelled, or has not ended."""
    ways = _WAYS.get(job.reason.code) if job.reason is not None and job.state.terminal else None
    if ways is None or job.reason is None:
        return []
    try:
        spec = JobSpec.read(job.folder)
        template = replace(load_template(job.folder / INPUT), name=spec.template)
    except (ModelOpsError, OSError, ValueError, KeyError):
        return []  # its folder is gone or damaged: there is nothing to start from
    asked = Asked(
        template,
        spec.parameters,
        kernel=spec.kernel,
        options=spec.options,
        resources=job.request.as_json(),
        folder=Path(spec.working_directory),
    )
    return list(ways(_Failure(job, spec, asked, job.reason.details, queue)))


def _less_memory(failure: _Failure) -> Iterator[Proposal]:
    total, _ = memory_bytes()
    limit = failure.details.get("limit_bytes")
    for change in lighter(failure.asked, failure.queue, min(limit or total, total)):
        yield Proposal(f"With {in_words(change)}, which needs less memory.", change)
    if limit and limit * _MORE <= total:
        enough = int(limit * _MORE)
        yield Proposal(f"With {human_bytes(enough)} instead of {human_bytes(limit)}.", options={"memory": enough})


def _more_time(failure: _Failure) -> Iterator[Proposal]:
    options = failure.spec.options
    name = "cell_timeout" if "cell" in failure.details else "timeout"
    limit = getattr(options, name)
    if limit is None:
        return
    enough = math.ceil(limit * _MORE)
    what = "for the job" if name == "timeout" else "for a cell"
    yield Proposal(f"With up to {human_seconds(enough)} {what}.", options={name: enough})
    if name == "timeout" and failure.has("max_minutes"):
        # Evaluation before and after, and loading, are not part of the budget.
        minutes = round(max(limit * 0.7 / 60, 0.1), 1)
        yield Proposal(f"With training that ends after {minutes:g} minutes.", {"max_minutes": minutes})


def _calmer(failure: _Failure) -> Iterator[Proposal]:
    if failure.has("learning_rate"):
        rate = failure.value("learning_rate") or usual_learning_rate(failure.value("method"))
        if rate:
            lower = float(f"{rate * _CALMER:.2g}")
            yield Proposal(f"With a learning rate of {lower:g} instead of {rate:g}.", {"learning_rate": lower})
    norm = failure.value("max_grad_norm")
    if norm and norm > 0.1:
        yield Proposal("With smaller steps where gradients are large.", {"max_grad_norm": round(norm * _CALMER, 3)})


def _less_disk(failure: _Failure) -> Iterator[Proposal]:
    needed = failure.details.get("needed_bytes")
    space = f"{human_bytes(needed)}" if needed else "some space"
    yield Proposal(f"As it was, once {space} is free: what the notebook made is stored without running it again.")
    every = failure.value("save_every")
    if every and not failure.value("eval_every"):
        yield Proposal("With fewer checkpoints.", {"save_every": every * _RARER})


def _as_it_was(failure: _Failure) -> Iterator[Proposal]:
    goes_on = ", from its last checkpoint" if failure.spec.resumable else ""
    yield Proposal(f"As it was{goes_on}: the machine failed it, not the notebook.")


_WAYS: dict[str, Callable[[_Failure], Iterator[Proposal]]] = {
    ReasonCode.OUT_OF_MEMORY: _less_memory,
    ReasonCode.TIMEOUT: _more_time,
    ReasonCode.NON_FINITE: _calmer,
    ReasonCode.DISK_FULL: _less_disk,
    ReasonCode.RUNNER_DIED: _as_it_was,
    ReasonCode.TERMINATED: _as_it_was,
    ReasonCode.KERNEL_NOT_STARTED: _as_it_was,
}
"""For the other reasons nobody but the notebook's author knows what to change."""
