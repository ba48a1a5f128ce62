"""How often an interval holds the true loss, from few rows and from more, by how the interval is made.

Rows are drawn from a known distribution: a row is as hard as a gamma distribution says (mean 2 nats a token), and has 5
to 79 tokens. An interval of 95 % should hold the true mean in 95 of 100 samples.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from modelops.intervals import bootstrap_interval, resampled_sums

TRUE_LOSS = 2.0
ROWS = (8, 12, 40, 64)
AT_LEAST = 0.92


def coverage(rows: int, samples: int, random: np.random.Generator) -> dict[str, float]:
    """The share of samples of so many rows whose interval holds the true loss, by how the interval was made."""
    held = {"ours": 0, "plain percentiles": 0, "tokens as independent": 0}
    for sample in range(samples):
        hardness = random.gamma(4, TRUE_LOSS / 4, rows)
        tokens = random.integers(5, 80, rows)
        sums = resampled_sums(np.column_stack([hardness * tokens, tokens]), 1000, seed=sample)
        losses = sums[:, 0] / sums[:, 1]
        each = np.concatenate([random.exponential(row, count) for row, count in zip(hardness, tokens, strict=True)])
        margin = 1.96 * each.std(ddof=1) / len(each) ** 0.5
        intervals = {
            "ours": bootstrap_interval(losses, rows),
            "plain percentiles": tuple(np.quantile(losses, [0.025, 0.975])),
            "tokens as independent": (each.mean() - margin, each.mean() + margin),
        }
        for name, (low, high) in intervals.items():
            held[name] += int(low <= TRUE_LOSS <= high)
    return {name: count / samples for name, count in held.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--samples", type=int, default=1000)
    arguments = parser.parse_args()
    random = np.random.default_rng(5)
    found = {rows: coverage(rows, arguments.samples, random) for rows in ROWS}
    if arguments.json:
        targets: dict[str, Any] = {
            f"coverage from {rows} rows": {
                "value": shares["ours"],
                "target": AT_LEAST,
                "met": shares["ours"] >= AT_LEAST,
            }
            for rows, shares in found.items()
        }
        print(json.dumps({"coverage": found, "targets": targets}, indent=2))
        return
    for rows, shares in found.items():
        print(f"{rows:>3} rows  " + "   ".join(f"{name} {share:.1%}" for name, share in shares.items()))


if __name__ == "__main__":
    main()
