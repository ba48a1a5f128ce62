"""``modelops doctor``: what this machine has, what is missing for which feature, and what mends it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from modelops_server.cli.output import console, json_option, show

if TYPE_CHECKING:
    from modelops.machine import Finding

_MARKS = {"ok": ("✓", "green"), "missing": ("✗", "red"), "unavailable": ("·", "yellow")}


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Show what this machine has, and how to get what is missing.

    Exit status 0 when a model can be fine-tuned here, 1 when something for that is missing.
    """
    from modelops.machine import examine

    findings = examine()
    ready = not any(finding.blocks for finding in findings)
    document = {"ready": ready, "findings": [finding.as_json() for finding in findings]}
    show(document, as_json, lambda: _print(findings, ready))
    if not ready:
        sys.exit(1)


def _print(findings: list[Finding], ready: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    area = ""
    for finding in findings:
        mark, colour = _MARKS[finding.state]
        title = "" if finding.area == area else finding.area
        area = finding.area
        state = "" if finding.state == "ok" else f"{finding.state}: "
        detail = Text.assemble((state, colour), finding.detail)
        table.add_row(Text(title, style="dim"), Text(mark, style=colour), Text(finding.name), detail)
    Console(highlight=False).print(table)
    _print_remedies(findings)
    click.echo()
    if ready:
        click.echo(f"{click.style('Ready.', fg='green', bold=True)} Fine-tune a first model: modelops quickstart")
    else:
        blocked = ", ".join(finding.name for finding in findings if finding.blocks)
        click.echo(f"{click.style('Not ready', fg='red', bold=True)} to fine-tune a model: {blocked}.")


def _print_remedies(findings: list[Finding]) -> None:
    from rich.text import Text

    remedies: dict[str, list[str]] = {}
    for finding in sorted(findings, key=lambda finding: not finding.blocks):
        if finding.state != "ok" and finding.mend:
            remedies.setdefault(finding.mend, []).append(f"{finding.name}: {finding.needed_for}")
    if remedies:
        click.echo("\nTo get what is missing:")
    for command, reasons in remedies.items():
        # Printed whole, so that it can be copied from any terminal.
        console().print(Text.assemble("  ", (command, "bold"), (f"   # {'; '.join(reasons)}", "dim")))
