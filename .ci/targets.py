"""Print every benchmark's figures beside their targets; exit 1 when one is missed."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(folder: Path) -> int:
    rows = [
        (report.stem, name, str(target["value"]), str(target["target"]), target["met"])
        for report in sorted(folder.glob("*.json"))
        for name, target in json.loads(report.read_text())["targets"].items()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for *cells, met in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print(f"{line}  {'met' if met else 'MISSED'}")
    missed = sum(not row[-1] for row in rows)
    print(f"{len(rows) - missed} of {len(rows)} targets met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
