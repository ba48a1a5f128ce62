"""How ``modelops artifacts compare`` prints artifacts side by side for a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from modelops.names import in_words
from modelops.units import human_bytes
from modelops_server.cli.output import print_table

if TYPE_CHECKING:
    from modelops.registry.comparison import ArtifactComparison, Row


def show_artifact_comparison(comparison: ArtifactComparison) -> None:
    """Print a table for each section; what differs is marked with ``≠``."""
    names = [artifact.ref for artifact in comparison.artifacts]
    _section("Facts", names, comparison.facts)
    _section("Measures", names, comparison.measures)
    for name, evaluation in zip(names, comparison.evaluations, strict=True):
        if evaluation is not None:
            click.echo(click.style(f"What {name} does not say of itself was measured by {evaluation}.", dim=True))
    _section("Made from", names, comparison.inputs)


def _section(title: str, names: list[str], rows: Iterable[Row]) -> None:
    click.echo(f"\n{click.style(title, bold=True)}")
    lines = [
        ("≠" if row.differs else "", in_words(row.name), *(_text(row.name, value) for value in row.values))
        for row in rows
    ]
    print_table(("", "", *names), lines, "None.")


def _text(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name in {"size", "size_bytes", "peak_memory_bytes"} and isinstance(value, int):
        return human_bytes(value)
    if isinstance(value, float):
        return f"{value:.5g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
