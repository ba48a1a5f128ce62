"""How soon the screen shows what happens: a metric from a kernel, curves of 10,000 points, a list of 10,000 jobs.

JupyterLab in a real browser, with a real server and real kernels; the page notes when something is in it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

LATENCY = 250.0
"""Milliseconds from a metric's time stamp, taken in the kernel, to its being in the page, at the 95th percentile."""
FRAME = 50.0
"""Milliseconds between frames while a curve grows to 10,000 points, at the 95th percentile."""
OPENING = 300.0
"""Milliseconds from the command that opens the panel of 10,000 jobs to its rows, at the median."""


def measure(what: str) -> dict[str, Any]:
    """What ``tests/ui/WHAT.measure.ts`` finds out in the browser."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "measured.json")
        subprocess.run(
            ["npx", "playwright", "test", "--config", "tests/ui/measure.config.ts", f"{what}.measure"],
            cwd=ROOT,
            env={**os.environ, "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}", "MEASURED": str(report)},
            stdout=sys.stderr,
            check=True,
        )
        found: dict[str, Any] = json.loads(report.read_text())
        return found


def quantiles(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and largest, and of how many."""
    cuts = statistics.quantiles(values, n=20)
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "max": round(max(values), 1), "count": len(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    measured = measure("screen")
    figures = {
        "a metric, kernel to page": quantiles(measured["latency_ms"]),
        "frames while 10,000 points come": quantiles(measured["frame_ms"]["live"]),
        "frames under a moving cursor": quantiles(measured["frame_ms"]["cursor"]),
    }
    openings = measured["opening_ms"]
    figures["10,000 jobs, click to rows"] = {"first": round(openings[0], 1), **quantiles(openings[1:])}
    targets = {
        "10,000 jobs, click to rows, p50 ms": (figures["10,000 jobs, click to rows"]["p50"], OPENING),
        "metric to page, p95 ms": (figures["a metric, kernel to page"]["p95"], LATENCY),
        "frame at 10,000 points, p95 ms": (figures["frames while 10,000 points come"]["p95"], FRAME),
    }
    document = {
        "milliseconds": figures,
        "targets": {
            name: {"value": value, "target": target, "met": value <= target}
            for name, (value, target) in targets.items()
        },
    }
    if arguments.json:
        print(json.dumps(document, indent=2))
        return
    for name, row in figures.items():
        print(f"{name:<34}" + "  ".join(f"{key} {value:g}" for key, value in row.items()))
    for name, target_row in document["targets"].items():
        print(f"{name}: {target_row['value']} (target {target_row['target']})")


if __name__ == "__main__":
    main()
