"""Two to eight jobs side by side: parameters, inputs and packages as a table, metrics as curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelops.registry.comparison import Row
from modelops_server.jobs.curves import Point
from modelops_server.jobs.recorded import Recorded
from modelops_server.jobs.records import Job


@dataclass(frozen=True)
class SideBySide:
    """Jobs in the order in which they were asked for; of parameters and inputs, what differs comes first."""

    jobs: tuple[Job, ...]
    parameters: tuple[Row, ...]
    inputs: tuple[Row, ...]
    environment: tuple[Row, ...] | None
    """Python and the packages of which the versions differ; ``None`` while those of one job are not known."""
    metrics: dict[str, list[list[Point]]]

    def as_json(self) -> dict[str, Any]:
        return {
            "jobs": [job.as_json() for job in self.jobs],
            "parameters": [row.as_json() for row in self.parameters],
            "inputs": [row.as_json() for row in self.inputs],
            "environment": None if self.environment is None else [row.as_json() for row in self.environment],
            "metrics": self.metrics,
        }


def side_by_side(jobs: Sequence[Job]) -> SideBySide:
    """Compare jobs of one state home by what their folders say."""
    sides = [Recorded.read(job) for job in jobs]
    packages = [side.packages for side in sides]
    known = [found for found in packages if found is not None]
    metrics = dict.fromkeys(name for side in sides for name in side.curves.by_metric)
    return SideBySide(
        jobs=tuple(jobs),
        parameters=_differing_first(_rows([side.spec.parameters for side in sides])),
        inputs=_differing_first(_rows([side.inputs() for side in sides])),
        environment=tuple(row for row in _rows(known) if row.differs) if len(known) == len(sides) else None,
        metrics={name: [_points(side, name) for side in sides] for name in metrics},
    )


def _points(side: Recorded, metric: str) -> list[Point]:
    curve = side.curves.by_metric.get(metric)
    return curve.points() if curve else []


def _rows(sides: Sequence[Mapping[str, Any]]) -> list[Row]:
    names = dict.fromkeys(name for side in sides for name in side)
    return [Row(name, tuple(side.get(name) for side in sides)) for name in names]


def _differing_first(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: not row.differs))
