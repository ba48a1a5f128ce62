"""How ``modelops jobs diff`` prints a comparison for a person: tables, then the changed cells as a unified diff."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from modelops.units import human_bytes, human_seconds
from modelops_server.cli.output import print_table, printable

if TYPE_CHECKING:
    from modelops_server.jobs.comparison import Comparison, Pair
    from modelops_server.jobs.notebook_diff import CellChange

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
_MEASURED: dict[str, tuple[str, Callable[[Any], str]]] = {
    "seconds": ("duration", human_seconds),
    "seconds_queued": ("waited", human_seconds),
    "peak_memory": ("peak memory", human_bytes),
}


def show_comparison(comparison: Comparison) -> None:
    """Print everything; what differs is marked with ``≠`` and comes first."""
    for letter, job in (("A", comparison.a), ("B", comparison.b)):
        click.echo(f"{letter}  {job.id}  {printable(job.name)}  {job.state.value}")
    for missing in comparison.missing:
        click.echo(click.style(f"   {missing.job}: no {missing.what}: {missing.why}", fg="yellow"))
    _section("Parameters", comparison.parameters, _text)
    _section("Inputs", comparison.inputs, _references)
    if comparison.environment is None:
        click.echo(f"\n{click.style('Environment', bold=True)}  not known")
    else:
        _section("Environment", comparison.environment, _text, "The same packages.")
    _metrics(comparison)
    _section("Resources", [_measured(pair) for pair in comparison.resources], _text)
    _title("Cells", len(comparison.cells))
    if not comparison.cells:
        click.echo("The same sources.")
    for cell in comparison.cells:
        _cell(cell)


def _section(title: str, pairs: Iterable[Pair], text: Callable[[Any], str], empty: str = "None.") -> None:
    pairs = list(pairs)
    _title(title, sum(pair.differs for pair in pairs))
    rows = [("≠" if pair.differs else "", pair.name, text(pair.a), text(pair.b)) for pair in pairs]
    print_table(("", "NAME", "A", "B"), rows, empty)


def _title(title: str, differing: int) -> None:
    click.echo(f"\n{click.style(title, bold=True)}  {f'{differing} differ' if differing else 'no difference'}")


def _metrics(comparison: Comparison) -> None:
    _title("Metrics", sum(metric.a != metric.b for metric in comparison.metrics))
    rows = []
    for metric in comparison.metrics:
        difference = "" if metric.difference is None else f"{metric.difference:+.4g}"
        rows.append(("≠" if metric.a != metric.b else "", metric.name, _last(metric.a), _last(metric.b), difference))
    print_table(("", "NAME", "A", "B", "B - A"), rows, "None reported.")


def _last(side: dict[str, Any] | None) -> str:
    if side is None:
        return "-"
    last = _number(side["last"])
    if side["count"] == 1 or side["min"] is None:
        return last
    return f"{last}  ({_number(side['min'])} to {_number(side['max'])}, {side['count']} values)"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


def _measured(pair: Pair) -> Pair:
    name, unit = _MEASURED.get(pair.name, (pair.name, _text))
    return type(pair)(name, *(None if value is None else unit(value) for value in (pair.a, pair.b)))


def _references(references: list[dict[str, str]] | None) -> str:
    return "\n".join(f"{item['ref']} ({item['digest'][:12]})" for item in references or ()) or "-"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cell(cell: CellChange) -> None:
    places = " and ".join(f"{place} of {side}" for side, place in (("A", cell.a), ("B", cell.b)) if place)
    click.echo()
    click.echo(click.style(f"{cell.cell_type} cell {places}: {cell.change}", bold=True))
    for line in cell.diff:
        click.echo(click.style(printable(line.expandtabs()), fg=_COLOURS.get(line[0])))
