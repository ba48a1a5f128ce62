"""``modelops templates``: the notebooks that can be run as jobs, and the form of each."""

from __future__ import annotations

import json
import shlex
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from modelops_server.cli.output import console, json_option, print_table, show

if TYPE_CHECKING:
    from modelops.templates import Entry, Parameter, Template


@click.group()
def templates() -> None:
    """List notebooks that can be run as jobs, with their parameters."""


@templates.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the templates of this installation and of your own folder."""
    from modelops.templates import Catalog

    catalog = Catalog()
    entries = catalog.entries()

    def as_text() -> None:
        print_table(
            ["name", "kind", "what it does", "makes"],
            [_row(entry) for entry in entries],
            empty=f"There are no templates. Any notebook can be one: put it into {catalog.home.templates}.",
        )
        for entry in entries:
            if entry.error:
                click.echo(
                    f"\n{click.style(entry.name, bold=True)} cannot be run: {entry.error.message}\n  {entry.path}"
                )
            elif entry.shadowed_by:
                click.echo(f"\n{entry.path}\n  has the name of {entry.shadowed_by}; run it by its path or rename it.")

    show([entry.as_json() for entry in entries], as_json, as_text)


@templates.command("show")
@click.argument("name")
@json_option
def show_(name: str, as_json: bool) -> None:
    """Show a template's parameters and the command that runs it. NAME may be any notebook's path."""
    from modelops.templates import find_template

    template = find_template(name)
    show(template.as_json(), as_json, lambda: _print_template(template, name))


@templates.command("schema")
@click.argument("name")
@json_option
def schema(name: str, as_json: bool) -> None:
    """Print the JSON Schema of a template's parameters, as JSON either way. NAME may be any notebook's path."""
    from modelops.templates import find_template

    del as_json  # the schema is JSON; the option is there because every command takes it
    show(find_template(name).json_schema(), True, lambda: None)


def _row(entry: Entry) -> tuple[str, ...]:
    if entry.template is None:
        return entry.name, "broken", "see below", ""
    what = entry.template.summary or entry.template.title
    kind = "shadowed" if entry.shadowed_by else entry.template.kind
    return entry.name, kind, what, ", ".join(entry.template.produces)


def _print_template(template: Template, called: str) -> None:
    from rich.text import Text

    out = console()
    out.print(Text.assemble((template.title, "bold"), (f"  {template.kind}", "dim")))
    if template.summary:
        out.print(Text(template.summary))
    facts = {
        "makes": ", ".join(template.produces),
        "needs": ", ".join(template.requires),
        "runs in": f"environment {template.environment}" if template.environment else "",
        "or in": "; ".join(
            f"environment {name} where {_condition(when)}" for name, when in template.environments.items()
        ),
        "resources": _resources(template),
        "resumable": "goes on from its last checkpoint" if template.resumable else "",
        "notebook": str(template.path),
    }
    out.print(Text("\n".join(f"{name:<10} {fact}" for name, fact in facts.items() if fact), style="dim"))
    _print_parameters(template)
    out.print(Text.assemble("\nRun it: ", (_command(template, called), "bold")))


def _condition(when: dict[str, list[Any]]) -> str:
    from modelops.templates import ANY_VALUE

    said = {name: "given" if ANY_VALUE in choices else ", ".join(map(str, choices)) for name, choices in when.items()}
    return " or ".join(f"{name} is {values}" for name, values in said.items())


def _print_parameters(template: Template) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # One table for all groups keeps the columns aligned; text wraps within its column.
    table = Table(
        "parameter", "type", "default", "description", box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim"
    )
    for group, parameters in groupby(template.parameters, key=lambda parameter: parameter.group):
        if group:
            table.add_row(Text(f"\n{group}", style="bold"))
        for parameter in parameters:
            table.add_row(*_parameter_row(parameter))
    if template.parameters:
        Console(highlight=False).print(table)
    else:
        click.echo("\nIt has no parameters: a cell tagged 'parameters' would declare some.")


def _parameter_row(parameter: Parameter) -> tuple[Any, ...]:
    from rich.text import Text

    from modelops.templates import describe_type

    default = Text("required", style="yellow") if parameter.required else Text(_short(parameter.default))
    return Text(parameter.name, style="cyan"), Text(describe_type(parameter)), default, Text(parameter.description)


def _short(value: Any) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"


def _resources(template: Template) -> str:
    from modelops.units import human_bytes

    return ", ".join(
        f"{name} {human_bytes(amount) if name == 'memory' else format(amount, 'g')}"
        for name, amount in template.resources.items()
    )


def _command(template: Template, called: str) -> str:
    words = ["modelops", "run", called]
    for parameter in template.parameters:
        if parameter.required:
            words += ["-p", f"{parameter.name}={(parameter.reference or 'value').upper()}"]
    return shlex.join(words)
