"""How the command line shows whether a job can run here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from modelops.units import human_bytes
from modelops_server.cli.output import printable

if TYPE_CHECKING:
    from modelops_server.jobs.readiness import Check, Readiness

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "blocked": ("✗", "red"), "unknown": ("?", "cyan")}
"""A sign and a colour, so that neither is needed alone."""


def show_readiness(readiness: Readiness) -> None:
    """The verdict, each check with what helps, what the memory is for, and the command that runs it."""
    click.echo(
        click.style("Ready", fg="green", bold=True)
        if readiness.ready
        else click.style("Not ready", fg="red", bold=True)
    )
    width = max(len(check.name) for check in readiness.checks)
    for check in readiness.checks:
        mark, colour = _MARKS[check.status]
        click.echo(f"  {click.style(mark, fg=colour)} {check.name:<{width}}  {printable(check.sentence)}")
        for line in _mends(check):
            click.echo(f"    {'':<{width}}  {click.style(printable(line), dim=True)}")
    if readiness.estimate is not None:
        parts = sorted(readiness.estimate.memory.parts.items(), key=lambda part: -part[1])
        click.echo("  memory is for " + ", ".join(f"{name} {human_bytes(size)}" for name, size in parts if size))
    for line in _outlook(readiness):
        click.echo(f"  {line}")
    click.echo(f"  run it: {printable(readiness.command)}")


def _outlook(readiness: Readiness) -> list[str]:
    """What would come out of each choice."""
    lines = []
    for one in readiness.outlook:
        line = f"{one.choice:<7} {human_bytes(one.bytes):>8}"
        if before := one.measured:
            verdict = ", rejected" if before.rejected else ""
            line += f"  perplexity times {before.perplexity_ratio:.4g}, as measured of {before.ref}{verdict}"
        lines.append(line)
    return lines


def _mends(check: Check) -> list[str]:
    mend = check.mend
    if mend is None:
        return []
    lines = [mend.sentence]
    if mend.parameters:
        from modelops_server.jobs.readiness import as_options

        lines.append(as_options(mend.parameters))
    if mend.command and mend.command not in mend.sentence:
        lines.append(mend.command)
    return lines
