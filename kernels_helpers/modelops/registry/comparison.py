"""Artifacts side by side: what they are, what was measured, and what they were made from."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelops.registry.records import Artifact, Dependency
from modelops.registry.registry import Registry

EVALUATION = "evaluation"

Interval = tuple[float, float]

_INTERVAL = re.compile(r"(\S+) to (\S+)")


@dataclass(frozen=True)
class Row:
    """One thing of all that is compared; ``None`` where one has no such thing."""

    name: str
    values: tuple[Any, ...]
    intervals: tuple[Interval | None, ...] = ()
    """Of a measure: between what each value lies, with a confidence of 95 %, where the metadata says so."""

    @property
    def differs(self) -> bool:
        """Whether they are not all the same."""
        # Not ==, for which True is 1.
        return len({json.dumps(value, sort_keys=True) for value in self.values}) > 1

    def as_json(self) -> dict[str, Any]:
        """The row as a JSON object."""
        known = {"intervals": [interval and list(interval) for interval in self.intervals]} if self.intervals else {}
        return {"name": self.name, "values": list(self.values), **known, "differs": self.differs}


@dataclass(frozen=True)
class ArtifactComparison:
    """Artifacts in the order in which they were asked for."""

    artifacts: tuple[Artifact, ...]
    facts: tuple[Row, ...]
    """Kind, size in bytes, number of files, job, aliases, the gate's verdict, and texts of the signed metadata."""
    measures: tuple[Row, ...]
    """Numbers of the signed metadata; where that has none, those of the newest evaluation of the artifact."""
    inputs: tuple[Row, ...]
    """What each was made from, by its role: references, or URIs of what is no artifact."""
    evaluations: tuple[str | None, ...]
    """The evaluation that measures of an artifact come from, where it is not the artifact itself."""

    def as_json(self) -> dict[str, Any]:
        """The comparison as a JSON object."""
        return {
            "artifacts": [artifact.as_json() for artifact in self.artifacts],
            "facts": [row.as_json() for row in self.facts],
            "measures": [row.as_json() for row in self.measures],
            "inputs": [row.as_json() for row in self.inputs],
            "evaluations": list(self.evaluations),
        }


def compare_artifacts(registry: Registry, refs: Sequence[str]) -> ArtifactComparison:
    """Put artifacts side by side, as the database knows them; raises ``NotFound``."""
    artifacts = [registry.get(ref) for ref in refs]
    evaluations = [_newest_evaluation(registry, artifact) for artifact in artifacts]
    measured = [
        {**measures_of(evaluation.metadata if evaluation else {}), **measures_of(artifact.metadata)}
        for artifact, evaluation in zip(artifacts, evaluations, strict=True)
    ]
    return ArtifactComparison(
        artifacts=tuple(artifacts),
        facts=_rows([_facts(artifact) for artifact in artifacts]),
        measures=_measure_rows(measured),
        inputs=_rows([_inputs(registry.index.dependencies(artifact)) for artifact in artifacts]),
        evaluations=tuple(evaluation.ref if evaluation else None for evaluation in evaluations),
    )


def _newest_evaluation(registry: Registry, artifact: Artifact) -> Artifact | None:
    uses = registry.lineage(artifact.ref).dependents(artifact.digest)
    found = {node.artifact.digest: node.artifact for _, node in uses if node.artifact and _subject(node.artifact)}
    about = [one for one in found.values() if _subject(one) == artifact.digest]
    return max(about, key=lambda one: (one.created, one.version), default=None)


def _subject(evaluation: Artifact) -> str | None:
    """The digest of what an evaluation is about: an adapter, or a model; ``None`` where it is no evaluation."""
    if evaluation.kind != EVALUATION:
        return None
    return evaluation.metadata.get("adapter_digest") or evaluation.metadata.get("model_digest")


def _facts(artifact: Artifact) -> dict[str, Any]:
    gate = artifact.metadata.get("gate")
    return {
        "kind": artifact.kind,
        "size": artifact.size,
        "files": len(artifact.files),
        "made": artifact.created,
        "job": artifact.job,
        "aliases": ", ".join(artifact.aliases) or None,
        "gate": gate.get("verdict") if isinstance(gate, dict) else None,
        **{
            name: value
            for name, value in artifact.metadata.items()
            if isinstance(value, str | bool) and _number(value) is None and not name.endswith("_digest")
        },
    }


def measures_of(metadata: Mapping[str, Any]) -> dict[str, tuple[float | int, Interval | None]]:
    """The numbers of the metadata, each with the interval that the metadata gives it."""
    said = metadata.get("intervals")
    intervals = said if isinstance(said, dict) else {}
    return {
        name: (number, _interval(intervals.get(name)))
        for name, value in metadata.items()
        if (number := _number(value)) is not None
    }


def _interval(text: Any) -> Interval | None:
    """An interval as measures say it: ``0.88 to 0.92``."""
    found = _INTERVAL.fullmatch(text) if isinstance(text, str) else None
    ends = [_number(end) for end in found.groups()] if found else []
    return (float(ends[0]), float(ends[1])) if ends and ends[0] is not None and ends[1] is not None else None


def _number(value: Any) -> float | int | None:
    """A number of the signed metadata, in which those that are not whole are text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _inputs(dependencies: Iterable[Dependency]) -> dict[str, Any]:
    return {item.name: item.uri.removeprefix("modelops:artifact/") for item in dependencies}


def _measure_rows(columns: Sequence[Mapping[str, tuple[float | int, Interval | None]]]) -> tuple[Row, ...]:
    nothing = (None, None)
    rows = {name: [column.get(name, nothing) for column in columns] for name in _names(columns)}
    return tuple(
        Row(name, tuple(value for value, _ in found), tuple(interval for _, interval in found))
        for name, found in rows.items()
    )


def _rows(columns: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    rows = [Row(name, tuple(column.get(name) for column in columns)) for name in _names(columns)]
    return tuple(row for row in rows if any(value is not None for value in row.values))


def _names(columns: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for column in columns for name in column))
