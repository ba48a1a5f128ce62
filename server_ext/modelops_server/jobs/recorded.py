"""What one job's folder says of it: parameters, inputs, packages, what was measured, what it cost."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelops_server.jobs.curves import Curves
from modelops_server.jobs.journal import read_events
from modelops_server.jobs.notebook_diff import read_sources
from modelops_server.jobs.records import Job
from modelops_server.jobs.running import environment
from modelops_server.jobs.spec import INPUT, OUTPUT, JobSpec
from modelops_server.jobs.states import State


@dataclass(frozen=True)
class Missing:
    """What could not be compared, and why."""

    job: str
    what: str
    why: str


@dataclass
class Recorded:
    """What one job's folder says."""

    job: Job
    spec: JobSpec
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    curves: Curves = field(default_factory=Curves)
    opened: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] | None = None
    missing: list[Missing] = field(default_factory=list)

    @classmethod
    def read(cls, job: Job) -> Recorded:
        side = cls(job, JobSpec.find(job.folder))
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
                self.curves.new_attempt()
            case "metric":
                values = dict(event.get("values") or {})
                self.curves.take(event.get("step"), values)
                for name, value in values.items():
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
    first, *lines = [line for line in path.read_text().splitlines() if not line.startswith("# environment ")] or [""]
    versions = dict(line.split("==", 1) for line in lines if "==" in line)
    match = re.fullmatch(r"# Python (\S+) on (.+)", first)
    return {**({"Python": match[1], "platform": match[2]} if match else {"kernel": first.lstrip("# ")}), **versions}
