"""Shows a dataset in a terminal: rows as chats, statistics, a histogram of lengths, bad rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from modelops.datasets.canonical import Row
from modelops.datasets.rows import visible

_ROLES = {"system": "yellow", "user": "cyan", "assistant": "green", "text": "green"}
_BAR = " ▏▎▍▌▋▊▉█"
_BAR_CELLS = 40
SHOWN_CHARACTERS = 600
"""Of each turn of a preview."""


def chat(row: Row) -> Table:
    """A row as a chat: who speaks on the left, what on the right."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    turns = row.get("messages") or [{"role": "text", "content": row.get("text", "")}]
    for turn in turns:
        text = turn["content"]
        if len(text) > SHOWN_CHARACTERS:
            text = f"{text[:SHOWN_CHARACTERS].rstrip()} … ({len(text):,} characters)"
        # Text, never markup: what a dataset says is shown, not obeyed.
        table.add_row(Text(turn["role"], style=_ROLES[turn["role"]]), Text(visible(text)))
    return table


def histogram(distribution: dict[str, Any], unit: str, context: int | None = None) -> Text:
    """The bins of a distribution as horizontal bars; bins that reach over ``context`` are marked."""
    bins = distribution["histogram"]
    most = max((each["rows"] for each in bins), default=0)
    labels = [f"{each['from']:,}-{each['to']:,}" for each in bins]
    width = max((len(label) for label in labels), default=0)
    shown = Text(f"{unit} per row\n", style="bold")
    for label, each in zip(labels, bins, strict=True):
        over = context is not None and each["to"] > context
        shown.append(f"{label:>{width}}  ")
        shown.append(bar(each["rows"], most), style="red" if over else "blue")
        shown.append(f" {each['rows']:,}{'  over' if over and each['rows'] else ''}\n")
    percentiles = "   ".join(f"{name} {distribution[name]:,}" for name in ("min", "p50", "p90", "p95", "p99", "max"))
    shown.append(f"{percentiles}   mean {distribution['mean']:,}")
    return shown


def bar(value: int, most: int) -> str:
    """A bar in eighths of a character cell; anything above zero shows."""
    eighths = 0 if not value else max(1, round(value / most * _BAR_CELLS * 8))
    return "█" * (eighths // 8) + (_BAR[eighths % 8] if eighths % 8 else "")


def summary(facts: dict[str, Any]) -> Table:
    """The counts of a datasheet or an inspection, one line each."""
    table = Table.grid(padding=(0, 2))
    splits = ", ".join(f"{rows:,} {split}" for split, rows in facts["splits"].items())
    table.add_row(Text("rows", style="dim"), Text(f"{facts['rows']:,}  ({splits})" if splits else "0"))
    table.add_row(Text("format", style="dim"), Text(facts["format"]))
    share = f" ({facts['duplicates'] / facts['rows']:.1%})" if facts["duplicates"] else ""
    table.add_row(Text("duplicates", style="dim"), Text(f"{facts['duplicates']:,}{share}"))
    if facts["leaked"]:
        message = f"{facts['leaked']:,} distinct rows are in more than one split: held-out figures will look too good"
        table.add_row(Text("leaked", style="dim"), Text(message, style="red"))
    for name in ("turns", "words", "characters", "tokens"):
        if facts[name]:
            total, mean, longest = facts[name]["total"], facts[name]["mean"], facts[name]["max"]
            table.add_row(Text(name, style="dim"), Text(f"{total:,} in all, {mean:,} per row, at most {longest:,}"))
    if facts.get("dropped_fields"):
        fields = ", ".join(visible(f"{name} ({rows:,})") for name, rows in facts["dropped_fields"].items())
        table.add_row(Text("not used", style="dim"), Text(f"fields {fields}"))
    return table


def bad_rows(rows: Iterable[dict[str, Any]]) -> Table:
    """Bad rows, one line each: where, which field, why."""
    table = Table("where", "field", "reason", "", box=None, pad_edge=False, header_style="dim")
    for bad in rows:
        where = f"{bad['file']}:{bad['line']}"
        table.add_row(*(Text(visible(cell)) for cell in (where, bad["field"] or "—", bad["code"], bad["message"])))
    return table
