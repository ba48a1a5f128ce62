"""How commands print: JSON on request, otherwise text for a person; errors with their hint on standard error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from modelops.errors import ModelOpsError

if TYPE_CHECKING:
    from rich.console import Console

UNLIMITED = 10_000
"""Columns of a table that another program reads: nothing is wrapped for it."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")


def show(document: Any, as_json: bool, as_text: Callable[[], None]) -> None:
    """Print ``document`` as JSON, or call ``as_text``, which prints it for a person."""
    if as_json:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        as_text()


def show_error(error: ModelOpsError, as_json: bool) -> None:
    """Print an error: as JSON to standard output, as message and hint to standard error."""
    if as_json:
        problem = {**error.as_json(), "status": error.http_status}
        click.echo(json.dumps(problem, indent=2, ensure_ascii=False, default=str))
        return
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)
    click.echo(click.style(f"  [{error.code}]", dim=True), err=True)


def console(stderr: bool = False) -> Console:
    """A rich console that prints plain text where the output is not a terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """Print rows under column titles; ``empty`` is the sentence that teaches when there are none."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        # A digest that does not fit goes on in the next line; cut off it would be useless.
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text, never markup: names and messages come from files and models.
        table.add_row(*(Text(printable(cell)) for cell in row))
    if table.row_count:
        out = console()
        if not out.is_terminal:
            out.width = UNLIMITED
        out.print(table)
    else:
        click.echo(empty)


def printable(text: str) -> str:
    """``text`` with everything that could steer a terminal or disguise itself written as an escape."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1] for character in text
    )
