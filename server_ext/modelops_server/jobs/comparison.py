"""What differs between two jobs, whatever state they are in: parameters, inputs, environment, metrics, cost, cells."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelops_server.jobs.journal import read_events
from modelops_server.jobs.notebook_diff import CellChange, diff_cells, read_sources
from modelops_server.jobs.records import Job
from modelops_server.jobs.running import environment
from modelops_server.jobs.spec import INPUT, OUTPUT, JobSpec
from modelops_server.jobs.states import State


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
class Missing:
    """What could not be compared, and why."""

    job: str
    what: str
    why: str


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


@dataclass
class _Side:
    """What one job's folder says."""

    job: Job
    spec: JobSpec
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] | None = None
    missing: list[Missing] = field(default_factory=list)

    @classmethod
    def read(cls, job: Job) -> _Side:
        side = cls(job, JobSpec.read(job.folder))
        for _, event in read_events(job.folder):
            side._take(event)
        side.packages = _packages(job.folder / environment.FILE)
        if side.packages is None:
            side._lacks("environment", "its packages are listed once its first cell runs")
        if not job.state.terminal:
            side._lacks("the rest", f"it is still {job.state}: everything here is as of now")
        return side

    def _take(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "state" if event["state"] == State.STARTING:  # what an earlier attempt reported does not count
                self.metrics.clear()
                self.opened.clear()
            case "metric":
                for name, value in dict(event.get("values") or {}).items():
                    _measure(self.metrics.setdefault(name, {"count": 0, "min": None, "max": None}), value)
            case "input":
                self.opened[str(event.get("ref"))] = str(event.get("digest"))

    def _lacks(self, what: str, why: str) -> None:
        self.missing.append(Missing(self.job.id, what, why))

    def inputs(self) -> dict[str, list[dict[str, str]]]:
        spec = self.spec
        found = {"template": [{"ref": spec.template, "digest": spec.template_sha256}]}
        for item in spec.references:
            found.setdefault(item.parameter, []).append({"ref": item.ref, "digest": item.digest})
        pinned = {item.ref for item in spec.references}
        for ref, digest in self.opened.items():
            if ref not in pinned:
                found.setdefault(f"opened {ref.split('@')[0]}", []).append({"ref": ref, "digest": digest})
        return found

    def resources(self) -> dict[str, Any]:
        job = self.job
        return {
            "state": job.state.value,
            "reason": str(job.reason.code) if job.reason else None,
            "message": job.reason.message if job.reason else None,
            "seconds": _seconds(job.started, job.finished),
            "seconds_queued": _seconds(job.submitted, job.started or job.finished),
            "peak_memory": job.attempt.peak_memory if job.attempt else None,
            "attempts": job.epoch,
            "kernel": self.spec.kernel,
            "executor": job.executor,
        }

    def sources(self) -> dict[str, Any]:
        path = self.job.folder / OUTPUT
        if not path.exists():
            self._lacks("executed notebook", "it has not run: the submitted one is compared")
            path = self.job.folder / INPUT
        return read_sources(path)


def compare_jobs(a: Job, b: Job) -> Comparison:
    """Compare two jobs of one state home by what their folders say."""
    left, right = _Side.read(a), _Side.read(b)
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


def _measure(metric: dict[str, Any], value: Any) -> None:
    metric["count"] += 1
    metric["last"] = value
    if isinstance(value, int | float):  # a value that is not finite is text
        metric["min"] = value if metric["min"] is None else min(metric["min"], value)
        metric["max"] = value if metric["max"] is None else max(metric["max"], value)


def _seconds(start: str | None, end: str | None) -> float | None:
    if start is None:
        return None
    until = datetime.fromisoformat(end) if end else datetime.now(UTC)
    # Who looks while the job runs may have another clock than who started it.
    return max(0.0, round((until - datetime.fromisoformat(start)).total_seconds(), 3))


def _packages(path: Path) -> dict[str, str] | None:
    if not path.exists():
        return None
    first, *lines = path.read_text().splitlines() or [""]
    versions = dict(line.split("==", 1) for line in lines if "==" in line)
    match = re.fullmatch(r"# Python (\S+) on (.+)", first)
    return {**({"Python": match[1], "platform": match[2]} if match else {"kernel": first.lstrip("# ")}), **versions}
