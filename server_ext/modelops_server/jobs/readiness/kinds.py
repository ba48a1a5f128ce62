"""What is looked at beyond what every job has: by the kind of the template, each kind in a module of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, cast

from modelops.errors import InvalidInput
from modelops_server.jobs.readiness.answers import Check, DatasetFit, FirstBatch, MemoryEstimate, Outlook, TimeEstimate
from modelops_server.jobs.readiness.asked import Context


@dataclass(frozen=True)
class Findings:
    """What a kind adds: its checks, and what it knows of the job's needs."""

    checks: list[Check] = field(default_factory=list)
    memory: MemoryEstimate | None = None
    seconds: TimeEstimate | None = None
    disk: int = 0
    """Bytes that the job will write."""
    steps: int | None = None
    rows: int | None = None
    tokens: int | None = None
    dataset: DatasetFit | None = None
    outlook: list[Outlook] = field(default_factory=list)


class Kind(Protocol):
    """What the module of a kind offers."""

    def look(self, context: Context) -> Findings:
        """Look at a job whose parameters, references and kernel are right."""


class KindWithBatches(Kind, Protocol):
    """What the module of a kind offers whose jobs train on batches."""

    def first_batch(self, context: Context) -> FirstBatch:
        """The first rows as the model sees them; raises ``InvalidInput`` and ``Unavailable``."""

    def lighter(self, context: Context, limit: int) -> list[dict[str, Any]]:
        """Changes of parameters with which the job fits into ``limit`` bytes of memory, the gentlest first."""


_MODULES = {
    "evaluate": "modelops_server.jobs.readiness.evaluation",
    "generate": "modelops_server.jobs.readiness.generation",
    "index": "modelops_server.jobs.readiness.indexing",
    "quantize": "modelops_server.jobs.readiness.quantization",
    "retrieval": "modelops_server.jobs.readiness.retrieval",
    "train": "modelops_server.jobs.readiness.training",
}
_WITH_BATCHES = frozenset({"train"})


def kind_of(name: str) -> Kind | None:
    """What is known of a template's kind beyond any notebook's."""
    return cast("Kind", import_module(_MODULES[name])) if name in _MODULES else None


def kind_with_batches(name: str) -> KindWithBatches:
    """The same; raises ``InvalidInput`` for a kind that has no batches."""
    if name not in _WITH_BATCHES:
        raise InvalidInput(
            "no_batches",
            f"A template of kind {name!r} has no batches to look at.",
            "Ask for a template of kind train.",
        )
    return cast("KindWithBatches", import_module(_MODULES[name]))
