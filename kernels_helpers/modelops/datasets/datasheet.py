"""What is told about a dataset: its datasheet, stored beside the rows, and the signed metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modelops.datasets.statistics import Statistics

FILE = "datasheet.json"


def write_datasheet(folder: Path, document: dict[str, Any]) -> None:
    """Write ``datasheet.json``; the same facts give the same bytes."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / FILE).write_bytes(text.encode())


def datasheet(
    statistics: Statistics,
    *,
    format: str,
    sources: list[dict[str, Any]],
    skipped: dict[str, int],
    dropped: dict[str, int],
    tokenizer: str | None = None,
    split_by: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The datasheet of a dataset.

    ``format`` is that of the source; ``skipped`` counts bad rows by reason, ``dropped`` rows by field left out;
    ``split_by`` says how rows were held out where the source had not done so.
    """
    return {
        "format": format,
        "canonical": "text" if format == "text" else "messages",
        **statistics.as_json(),
        "tokenizer": tokenizer,
        "split_by": split_by,
        "skipped": {"total": sum(skipped.values()), "by_reason": skipped},
        "dropped_fields": dropped,
        "sources": sources,
    }


def metadata(sheet: dict[str, Any]) -> dict[str, Any]:
    """The facts of a datasheet that are signed with the artifact and shown in lists: integers and text only."""
    unit = "words" if sheet["tokens"] is None else "tokens"
    longest = sheet[unit]
    return {
        "rows": sheet["rows"],
        "format": sheet["format"],
        "splits": sheet["splits"],
        "duplicates": sheet["duplicates"],
        "leaked": sheet["leaked"],
        "skipped_rows": sheet["skipped"]["total"],
        "lengths": {"unit": unit, **{name: longest[name] for name in ("p50", "p95", "max", "total")}},
        **({"tokenizer": sheet["tokenizer"]} if sheet["tokenizer"] else {}),
    }
