"""What differs between two jobs, whatever state they are in: parameters, inputs, environment, metrics, cost, cells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelops_server.jobs.notebook_diff import CellChange, diff_cells
from modelops_server.jobs.recorded import Missing, Recorded
from modelops_server.jobs.records import Job


@dataclass(frozen=True)
class Pair:
    """One thing of both jobs; ``None`` where a job has no such thing."""

    name: str
    a: Any
    b: Any

    @property
    def differs(self) -> bool:
        # Not ==, for which True is 1.
        return json.dumps(self.a, sort_keys=True) != json.dumps(self.b, sort_keys=True)

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "a": self.a, "b": self.b, "differs": self.differs}


@dataclass(frozen=True)
class MetricPair:
    """A metric of both jobs: ``last``, ``min``, ``max`` and ``count`` each; ``None`` where a job did not report it."""

    name: str
    a: dict[str, Any] | None
    b: dict[str, Any] | None

    @property
    def difference(self) -> float | None:
        """How much larger the last value of ``b`` is; ``None`` where there are not two finite values."""
        a, b = (side["last"] if side else None for side in (self.a, self.b))
        return b - a if isinstance(a, int | float) and isinstance(b, int | float) else None

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "a": self.a, "b": self.b, "difference": self.difference}


@dataclass(frozen=True)
class Comparison:
    """Two jobs side by side; what differs comes first."""

    a: Job
    b: Job
    parameters: tuple[Pair, ...]
    """The effective ones, defaults included."""
    inputs: tuple[Pair, ...]
    """The template, what was pinned at submission, and what the notebooks opened: lists of ``ref`` and ``digest``."""
    environment: tuple[Pair, ...] | None
    """Python and the packages of which the versions differ; ``None`` while one job's are not known."""
    metrics: tuple[MetricPair, ...]
    resources: tuple[Pair, ...]
    cells: tuple[CellChange, ...]
    missing: tuple[Missing, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "a": self.a.as_json(),
            "b": self.b.as_json(),
            **{
                section: [item.as_json() for item in getattr(self, section)]
                for section in ("parameters", "inputs", "metrics", "resources", "cells")
            },
            "environment": None if self.environment is None else [item.as_json() for item in self.environment],
            "missing": [vars(item) for item in self.missing],
        }


def compare_jobs(a: Job, b: Job) -> Comparison:
    """Compare two jobs of one state home by what their folders say."""
    left, right = Recorded.read(a), Recorded.read(b)
    cells = diff_cells(left.sources(), right.sources())
    names = dict.fromkeys([*left.metrics, *right.metrics])
    return Comparison(
        a=a,
        b=b,
        parameters=_differing_first(_pairs(left.spec.parameters, right.spec.parameters)),
        inputs=_differing_first(_pairs(left.inputs(), right.inputs())),
        environment=_environment(left.packages, right.packages),
        metrics=tuple(MetricPair(name, left.metrics.get(name), right.metrics.get(name)) for name in names),
        resources=_pairs(left.resources(), right.resources()),
        cells=cells,
        missing=(*left.missing, *right.missing),
    )


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Pair, ...]:
    return tuple(Pair(name, a.get(name), b.get(name)) for name in dict.fromkeys([*a, *b]))


def _environment(a: dict[str, str] | None, b: dict[str, str] | None) -> tuple[Pair, ...] | None:
    if a is None or b is None:
        return None
    return tuple(pair for pair in _pairs(a, b) if pair.differs)


def _differing_first(pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=lambda pair: not pair.differs))
