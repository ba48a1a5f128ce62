"""``modelops run``: a template or notebook as a job."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from modelops.errors import InvalidInput
from modelops_server.cli.output import json_option, show
from modelops_server.cli.quantities import Duration, Size


@click.command(epilog="The parameters of a template: modelops templates show NAME")
@click.argument("template", metavar="TEMPLATE|NOTEBOOK")
@click.option("-p", "assignments", multiple=True, metavar="KEY=VALUE", help="Set a parameter; may be repeated.")
@click.option(
    "-f",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Parameters from a YAML or JSON file.",
)
@click.option("--name", help="What to call the job; by default the template's name.")
@click.option("--executor", default="local", show_default=True, help="Where to run it.")
@click.option("--kernel", help="Kernel to run it on; by default the notebook's own.")
@click.option("--memory", type=Size(), help="Kill the job when it uses more, such as 8GB.")
@click.option("--timeout", type=Duration(), help="Longest time for the whole job, such as 2h.")
@click.option("--cell-timeout", type=Duration(), help="Longest time for one cell.")
@click.option(
    "--start-timeout", type=Duration(), default="60s", show_default=True, help="Longest time for the kernel's start."
)
@click.option(
    "--max-running", type=click.IntRange(min=1), default=1, show_default=True, help="Wait while so many jobs run."
)
@click.option("--idempotency-key", hidden=True, help="The same key again returns the first job.")
@click.option("--detach", is_flag=True, help="Return at once; a worker in the background runs the job.")
@json_option
def run(
    template: str,
    assignments: tuple[str, ...],
    file: Path | None,
    name: str | None,
    executor: str,
    kernel: str | None,
    memory: float | None,
    timeout: float | None,
    cell_timeout: float | None,
    start_timeout: float,
    max_running: int,
    idempotency_key: str | None,
    detach: bool,
    as_json: bool,
) -> None:
    """Run a template, or any notebook, as a job, and follow it.

    Ctrl-C cancels the job; a second Ctrl-C kills it.
    """
    from modelops.paths import StateHome
    from modelops.templates import find_template, read_values
    from modelops_server.cli.following import run_and_follow, show_outcome
    from modelops_server.jobs import JobOptions, State, submit

    home = StateHome.default()
    found = find_template(template, home)
    values = {**(read_values(file) if file else {}), **found.parse_text(_split(assignments))}
    options = JobOptions(
        memory=int(memory) if memory else None, timeout=timeout, cell_timeout=cell_timeout, start_timeout=start_timeout
    )
    job = submit(
        home,
        found,
        values,
        name=name,
        executor=executor,
        kernel=kernel,
        options=options,
        idempotency_key=idempotency_key,
    )
    if detach:
        from modelops_server.jobs.worker import ensure_worker

        ensure_worker(home)
        show(job.as_json(), as_json, lambda: _show_detached(job.id))
        return
    job = run_and_follow(home, job, show=not as_json, max_running=max_running)
    show(job.as_json(), as_json, lambda: show_outcome(job))
    if job.state is not State.SUCCEEDED:
        sys.exit(1)


def _show_detached(job_id: str) -> None:
    click.echo(job_id)
    click.echo(f"Follow it with: modelops jobs wait {job_id}   or: modelops jobs log {job_id} --follow", err=True)


def _split(assignments: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise InvalidInput("invalid_assignment", f"{assignment!r} is not KEY=VALUE.", "Write it as: -p rank=16")
        values[key] = value
    return values
