"""``modelops registry``: check the whole registry, free the space that nothing needs, and mend the database."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelops.units import human_bytes
from modelops_server.cli.output import console, json_option, print_table, printable, show
from modelops_server.cli.quantities import Duration

if TYPE_CHECKING:
    from modelops.registry.upkeep.findings import Finding, Progress
    from modelops.registry.upkeep.fsck import Report
    from modelops.registry.upkeep.rebuild import Rebuilt

QUIET_SECONDS = 1.0
"""How long nothing is told."""


@click.group()
def registry() -> None:
    """Check the registry, free space, and mend the database."""


@registry.command("fsck")
@click.option("--read-data", is_flag=True, help="Also read every stored file and compare its SHA-256.")
@click.option(
    "--against",
    metavar="EXPORT",
    type=click.Path(exists=True, path_type=Path),
    help="Also prove that the log only grew since this folder or archive was exported.",
)
@json_option
def fsck(read_data: bool, against: Path | None, as_json: bool) -> None:
    """Check that every artifact has its files, signature and entry in the log, and that the log is whole.

    Each finding says what mends it. Exit status: 0 no problem, 1 problems, 2 cannot tell.
    """
    from modelops.paths import StateHome
    from modelops.registry.upkeep.fsck import fsck as check

    with _progress() as progress:
        report = check(StateHome.default(), read_data=read_data, against=against, progress=progress)
    show(report.as_json(), as_json, lambda: _print_report(report, read_data))
    if report.problems:
        sys.exit(1)


@registry.command("gc")
@click.option("--delete", is_flag=True, help="Remove it. Without this, only show what would be removed.")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed: the default.")
@click.option("--grace", default="1d", show_default=True, type=Duration(zero=True), help="Leave alone what is younger.")
@json_option
def gc(delete: bool, dry_run: bool, grace: float, as_json: bool) -> None:
    """Find files that no artifact names and that dead processes left behind, and remove them with --delete."""
    from modelops.registry import Registry
    from modelops.registry.upkeep.gc import collect_garbage

    if delete and dry_run:
        raise click.UsageError("--delete and --dry-run contradict each other.")
    with _progress() as progress:
        found = collect_garbage(Registry(), grace=grace, delete=delete, progress=progress)
    size = sum(item.size for item in found)
    sizes: dict[str, list[int]] = {}
    for item in found:
        sizes.setdefault(item.kind, []).append(item.size)
    document = {
        "deleted": delete,
        "count": len(found),
        "bytes": size,
        "files": [{"path": str(item.path), "size": item.size, "kind": item.kind} for item in found],
    }

    def as_text() -> None:
        rows = [(kind, str(len(each)), human_bytes(sum(each))) for kind, each in sizes.items()]
        print_table(["what", "number", "size"], rows, empty="There is nothing to remove.")
        if found and delete:
            click.echo(f"{human_bytes(size)} freed.")
        elif found:
            click.echo(f"{human_bytes(size)} would be freed by: modelops registry gc --delete")

    show(document, as_json, as_text)


@registry.command("rebuild")
@click.option(
    "--from-envelopes", is_flag=True, help="Begin a new log with every attestation that a trusted key signed."
)
@json_option
def rebuild(from_envelopes: bool, as_json: bool) -> None:
    """Make the database again from blobs, attestations and log; the old one is kept beside it.

    Nothing else may use the state home meanwhile. Exit status: 0 everything is back, 1 something is not, 2 it cannot
    be told which artifacts were published.
    """
    from modelops.paths import StateHome
    from modelops.registry.upkeep.rebuild import rebuild as make
    from modelops_server.jobs.queue.restoring import restore_jobs

    with _progress() as progress:
        made = make(StateHome.default(), from_envelopes=from_envelopes, restorers=[restore_jobs], progress=progress)
    show(made.as_json(), as_json, lambda: _print_rebuilt(made))
    if made.problems:
        sys.exit(1)


def _print_report(report: Report, read_data: bool) -> None:
    _print_findings(report.findings)
    read = f", {human_bytes(report.bytes_read)} read" if read_data else ""
    checked = f"{report.artifacts} artifacts, {report.files} files{read}, {report.entries} entries in the log"
    if report.problems:
        count = len(report.problems)
        click.echo(f"{click.style(f'{count} problem' + 's' * (count > 1), fg='red', bold=True)} in {checked}.")
    else:
        click.echo(f"{click.style('Sound', fg='green', bold=True)}: {checked}.")
    if report.grown_from is not None:
        click.echo(f"The log begins with the {report.grown_from} entries of the export's day: it only grew since.")


def _print_rebuilt(made: Rebuilt) -> None:
    _print_findings(made.problems)
    click.echo(f"The database is new: {made.artifacts} artifacts, {made.aliases} aliases.")
    if not made.carried_over:
        click.echo("The old one could not be read; jobs are restored from their folders, as far as those tell.")
    if made.kept is not None:
        click.echo(click.style(f"  The old one is {made.kept}", dim=True))


def _print_findings(findings: tuple[Finding, ...]) -> None:
    from rich.text import Text

    out = console()
    for finding in findings:
        colour = "red" if finding.severity == "problem" else "yellow"
        out.print(Text.assemble((finding.code, colour), f"  {printable(finding.what)}"))
        out.print(Text(f"  {printable(finding.message)}"))
        out.print(Text(f"  To mend it: {printable(finding.mend)}", style="dim"))


@contextmanager
def _progress() -> Iterator[Progress]:
    """Tell on standard error how far something is that takes long, at most once a second."""
    last = time.monotonic()

    def report(doing: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= QUIET_SECONDS:
            last = time.monotonic()
            click.echo(click.style(f"{doing}: {100 * done // max(1, total)} %", dim=True), err=True)

    yield report
