"""The signed record of a load test: an evaluation of what was served, with the numbers and a picture."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelops.machine.hardware import processor
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Registry
from modelops_server.endpoints.bench.load import Level
from modelops_server.endpoints.endpoint import Endpoint


def register_load(home: StateHome, endpoint: Endpoint, measured: Sequence[Level], settings: dict[str, Any]) -> Artifact:
    """Register what was measured as an ``evaluation`` of the endpoint's artifact, which is its dependency."""
    registry, target = Registry(home), endpoint.spec.target
    rows = [level.as_json() for level in measured]
    found = processor()
    document = {
        "endpoint": endpoint.name,
        "subject": {"ref": target.ref, "digest": target.digest},
        "engine": endpoint.spec.engine,
        "options": endpoint.spec.options.model_dump(),
        "settings": settings,
        "machine": {"processor": found.name, "cores": found.cores, "system": platform.platform()},
        "load_average": os.getloadavg()[0],
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "levels": rows,
    }
    best = max(row["tokens_per_second"] for row in rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "load.json").write_text(json.dumps(document, indent=2, allow_nan=False))
        (folder / "README.md").write_text(_card(document))
        draw(rows, folder / "load.svg")
        return registry.register(
            folder,
            name=f"{endpoint.name[:90]}-load",
            kind="evaluation",
            metadata={"subject": target.ref, "subject_digest": target.digest, "tokens_per_second": f"{best:.1f}"},
            build=Build("load-test", settings, (registry.get(target.ref).as_dependency("model"),)),
        )


def draw(rows: Sequence[dict[str, Any]], target: Path) -> None:
    """Draw throughput and time to the first token over the number of requests at a time; nothing without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(7, 3), layout="constrained")
    speed, first = figure.subplots(1, 2)
    at = [row["concurrency"] for row in rows]
    speed.plot(at, [row["tokens_per_second"] for row in rows], marker="o", color="#0072B2")
    speed.set(xlabel="requests at a time", ylabel="tokens/s, all together", ylim=(0, None))
    for name, color, marker in (("p50", "#009E73", "o"), ("p95", "#D55E00", "s")):
        known = [(row["concurrency"], row["first_token"][name]) for row in rows if row["first_token"]]
        first.plot(*zip(*known, strict=True), label=name, color=color, marker=marker)
    first.set(xlabel="requests at a time", ylabel="first token, s", ylim=(0, None))
    first.legend(frameon=False)
    figure.savefig(target)


def table(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The rows of the table: requests at a time, tokens/s, percentiles in seconds, errors."""
    return [
        (
            str(row["concurrency"]),
            str(row["requests"]),
            f"{row['tokens_per_second']:.1f}",
            *(_seconds(row["first_token"], name) for name in ("p50", "p95", "p99")),
            *(_seconds(row["latency"], name) for name in ("p50", "p95", "p99")),
            ", ".join(f"{count} of {what}" for what, count in row["errors"].items()) or "none",
        )
        for row in rows
    ]


COLUMNS = (
    "at a time",
    "requests",
    "tokens/s",
    "first p50",
    "first p95",
    "first p99",
    "total p50",
    "total p95",
    "total p99",
    "errors",
)


def _seconds(found: dict[str, float] | None, name: str) -> str:
    return f"{found[name]:.3f} s" if found else "-"


def _card(document: dict[str, Any]) -> str:
    subject, machine = document["subject"]["ref"], document["machine"]
    said = (
        f"{subject} on {document['engine']}, {document['options']['parallel']} requests answered at a time, "
        f"{machine['cores']} cores of {machine['processor']}; "
        f"{document['settings']['max_tokens']} tokens written for each request."
    )
    head = [f"# {document['endpoint']} under load", "", said, "", f"| {' | '.join(COLUMNS)} |"]
    rows = [f"| {' | '.join(row)} |" for row in table(document["levels"])]
    return "\n".join([*head, f"|{'---|' * len(COLUMNS)}", *rows]) + "\n"
