"""How long ``modelops --help`` takes, beside an empty interpreter and the imports below it."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

TARGET = 0.3
"""Seconds that ``modelops --help`` may take from the shell to the prompt."""

COMMANDS: dict[str, list[str]] = {
    "interpreter": [sys.executable, "-c", "pass"],
    "import modelops": [sys.executable, "-c", "import modelops"],
    "help": [str(Path(sysconfig.get_path("scripts")) / "modelops"), "--help"],
}


def measure(runs: int) -> dict[str, float]:
    """The median wall time of each command in seconds; the commands take turns, so that load falls on all alike."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs + 1):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - start)
    # The first round reads files from the disk and writes bytecode.
    return {name: round(statistics.median(values[1:]), 4) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--runs", type=int, default=15, help="runs of each command (default 15)")
    options = parser.parse_args()
    seconds = measure(options.runs)
    met = seconds["help"] <= TARGET
    targets = {"help_seconds": {"value": seconds["help"], "target": f"<= {TARGET}", "met": met}}
    if options.json:
        print(json.dumps({"runs": options.runs, "seconds": seconds, "targets": targets}, indent=2))
        return
    for name, value in seconds.items():
        print(f"{name:<16} {value:.3f} s")
    print(f"modelops --help within {TARGET} s: {'met' if met else 'missed'}")


if __name__ == "__main__":
    main()
