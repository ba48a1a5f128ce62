"""Looks at a dataset, registered or not, without changing anything: statistics, first rows, bad rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.datasets.canonical import Row, iterate_lines, split_names
from modelops.datasets.conversion import Conversion
from modelops.datasets.progress import EVERY_ROWS, Progress, quietly
from modelops.datasets.sources import find_sources
from modelops.datasets.statistics import Statistics, TokenCounter

PREVIEW_ROWS = 2


@dataclass(frozen=True)
class Inspection:
    """What was seen: counts, the first rows with their split, and, of a source, what was bad in it."""

    statistics: Statistics
    preview: list[tuple[str, Row]]
    format: str
    conversion: Conversion | None = None

    def as_json(self, context: int | None = None) -> dict[str, Any]:
        """Everything as JSON; with ``context`` also how many rows are longer."""
        unit, lengths = self.statistics.lengths
        over = None if context is None else {"limit": context, "unit": unit, "rows": lengths.over(context)}
        return {
            "format": self.format,
            **self.statistics.as_json(),
            "over_context": over,
            "preview": [{"split": split, **row} for split, row in self.preview],
            **(self.conversion.report() if self.conversion else {}),
            **({"dropped_fields": dict(sorted(self.conversion.dropped.items()))} if self.conversion else {}),
        }


def inspect_stored(
    folder: Path,
    count_tokens: TokenCounter | None = None,
    progress: Progress = quietly,
    preview: int = PREVIEW_ROWS,
) -> Inspection:
    """Inspect a dataset in canonical form, such as a verified artifact's folder."""

    def rows() -> Iterator[tuple[str, Row, bytes]]:
        for split in split_names(folder):
            for encoded in iterate_lines(folder, split):
                yield split, json.loads(encoded), encoded

    statistics, first = _count(rows(), count_tokens, progress, preview)
    return Inspection(statistics, first, "text" if first and "text" in first[0][1] else "messages")


def inspect_source(
    path: Path,
    format: str = "auto",
    count_tokens: TokenCounter | None = None,
    progress: Progress = quietly,
    preview: int = PREVIEW_ROWS,
) -> Inspection:
    """Inspect a dataset at ``path`` as it would be added; raise ``InvalidInput`` for what concerns a whole file."""
    conversion = Conversion(format)
    rows = ((good.split, good.row, good.encoded) for good in conversion.rows(find_sources(path)))
    statistics, first = _count(rows, count_tokens, progress, preview)
    return Inspection(statistics, first, "+".join(dict.fromkeys(conversion.formats.values())), conversion)


def _count(
    rows: Iterator[tuple[str, Row, bytes]],
    count_tokens: TokenCounter | None,
    progress: Progress,
    preview: int,
) -> tuple[Statistics, list[tuple[str, Row]]]:
    statistics = Statistics(count_tokens)
    first: list[tuple[str, Row]] = []
    for number, (split, row, encoded) in enumerate(rows, 1):
        statistics.add(split, row, encoded)
        if len(first) < preview:
            first.append((split, row))
        if number % EVERY_ROWS == 0:
            progress("Reading", number)
    return statistics, first
