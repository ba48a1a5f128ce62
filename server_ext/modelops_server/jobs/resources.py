"""What jobs ask for and what the machine has: processor cores, GPUs, bytes of memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelops.templates import Template
from modelops_server.gpu_claims import GPUS, gpu_names, number_in

CPUS, MEMORY = "MODELOPS_CPUS", "MODELOPS_MEMORY"
"""Environment variables that replace what was found on the machine, as ``GPUS`` does."""


@dataclass(frozen=True)
class Request:
    """What one job needs while it runs."""

    cpus: float = 1.0
    gpus: int | None = None
    """``None``: one, where the machine has any."""
    memory: int = 0

    @classmethod
    def of(cls, declared: Mapping[str, Any], asked: Mapping[str, Any]) -> Request:
        """What a template declares, replaced by what the submitter ``asked`` for; ``None`` there means nothing."""
        return cls(**{**declared, **{name: value for name, value in asked.items() if value is not None}})

    def as_json(self) -> dict[str, Any]:
        return {"cpus": self.cpus, "gpus": self.gpus, "memory": self.memory}


def declared(template: Template, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What a template declares; answers that an endpoint gives take no GPU, and would wait for the endpoint's."""
    asks_endpoint = template.kind == "generate" and parameters.get("endpoint")
    return {**({"gpus": 0} if asks_endpoint else {}), **template.resources}


@dataclass(frozen=True)
class Usage:
    """What the active jobs hold together, and the GPUs that endpoints hold."""

    jobs: int
    cpus: float
    gpus: frozenset[str]
    memory: int


@dataclass(frozen=True)
class Inventory:
    """What a machine can give to jobs; ``gpus`` are the names that ``CUDA_VISIBLE_DEVICES`` takes."""

    cpus: float
    gpus: tuple[str, ...]
    memory: int

    @classmethod
    def of_machine(cls, *, cpus: float | None = None, gpus: int | None = None, memory: int | None = None) -> Inventory:
        """This machine's, but for what is given here or by the environment.

        A number of ``gpus`` takes the first so many of those that are there; more than those, or without any, they are
        slots in name only, which makes scheduling testable.
        """
        from modelops.machine.hardware import memory_bytes, processor

        cores = cpus if cpus is not None else number_in(CPUS)
        size = memory if memory is not None else number_in(MEMORY)
        count = gpus if gpus is not None else number_in(GPUS)
        names = () if count == 0 else gpu_names() if count is None else gpu_names(int(count))[: int(count)]
        return cls(
            cpus=float(cores if cores is not None else processor().cores),
            gpus=names,
            memory=int(size if size is not None else memory_bytes()[0]),
        )

    def share(self, request: Request) -> Request:
        """What a job gets of what it asked for: never more cores and memory than there are, or it would never run."""
        gpus = min(1, len(self.gpus)) if request.gpus is None else request.gpus
        return Request(min(request.cpus, self.cpus), gpus, min(request.memory, self.memory))

    def lacking(self, request: Request, usage: Usage) -> frozenset[str]:
        """The resources that are not free in the amount that ``request`` needs; a share, see :meth:`share`."""
        free_gpus = len(set(self.gpus) - usage.gpus)
        short = {
            "cpus": usage.cpus + request.cpus > self.cpus + 1e-9,
            "gpus": (request.gpus or 0) > free_gpus,
            "memory": usage.memory + request.memory > self.memory,
        }
        return frozenset(name for name, missing in short.items() if missing)

    def free_gpus(self, usage: Usage, count: int) -> tuple[str, ...]:
        """The first ``count`` GPUs that nobody holds."""
        return tuple(gpu for gpu in self.gpus if gpu not in usage.gpus)[:count]


UNLIMITED = Inventory(cpus=float("inf"), gpus=(), memory=2**63)
"""Everything but GPUs, without end."""


@dataclass(frozen=True)
class Waiting:
    """A queued job that may start: all that it depends on is there."""

    id: str
    request: Request


def next_to_start(queue: Iterable[Waiting], inventory: Inventory, usage: Usage) -> Waiting | None:
    """The first job that fits, where nobody overtakes on what an earlier job waits for.

    A job that waits for a GPU lets jobs pass that need none; it would wait for ever if a stream of small jobs could
    take each GPU that becomes free.
    """
    wanted: frozenset[str] = frozenset()
    for waiting in queue:
        share = inventory.share(waiting.request)
        lacking = inventory.lacking(share, usage)
        needs = {"cpus", *(["gpus"] if share.gpus else []), *(["memory"] if share.memory else [])}
        if not lacking and wanted.isdisjoint(needs):
            return waiting
        wanted |= lacking
        if "cpus" in wanted:  # every job needs some
            return None
    return None
