"""``modelops run``: a template or notebook as a job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelops.errors import InvalidInput
from modelops_server.cli.output import json_option, show
from modelops_server.cli.quantities import Duration, Size

if TYPE_CHECKING:
    from modelops.paths import StateHome
    from modelops_server.jobs import Job, Queue
    from modelops_server.jobs.readiness import Asked


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
@click.option("--cpus", type=click.FloatRange(min=0, min_open=True), help="Cores that it holds while it runs.")
@click.option("--gpus", type=click.IntRange(min=0), help="GPUs that it holds; by default one, where there are any.")
@click.option("--memory", type=Size(), help="Memory that it holds, such as 8GB; it is killed when it uses more.")
@click.option("--timeout", type=Duration(), help="Longest time for the whole job, such as 2h.")
@click.option("--cell-timeout", type=Duration(), help="Longest time for one cell.")
@click.option(
    "--start-timeout", type=Duration(), default="60s", show_default=True, help="Longest time for the kernel's start."
)
@click.option("--priority", type=click.IntRange(-100, 100), default=0, show_default=True, help="Higher goes first.")
@click.option("--after", multiple=True, metavar="ID", help="Start when that job has succeeded; may be repeated.")
@click.option("--retries", type=click.IntRange(0, 100), help="Tries again when its runner dies or is stopped.")
@click.option("--retry-on", multiple=True, metavar="REASON", help="Also try again for this reason, such as cell_error.")
@click.option("--max-running", type=click.IntRange(min=1), help="Wait while so many jobs run.")
@click.option("--idempotency-key", hidden=True, help="The same key again returns the first job.")
@click.option("--detach", is_flag=True, help="Return at once; a worker in the background runs the job.")
@click.option(
    "--check", "--dry-run", "check", is_flag=True, help="Only say whether it can run here, and what it takes."
)
@json_option
def run(
    template: str,
    assignments: tuple[str, ...],
    file: Path | None,
    name: str | None,
    executor: str,
    kernel: str | None,
    cpus: float | None,
    gpus: int | None,
    memory: float | None,
    timeout: float | None,
    cell_timeout: float | None,
    start_timeout: float,
    priority: int,
    after: tuple[str, ...],
    retries: int | None,
    retry_on: tuple[str, ...],
    max_running: int | None,
    idempotency_key: str | None,
    detach: bool,
    check: bool,
    as_json: bool,
) -> None:
    """Run a template, or any notebook, as a job, and follow it.

    A parameter that names an artifact may name what another job is making: -p adapter=job:ID.
    Ctrl-C cancels the job; a second Ctrl-C kills it. --check starts nothing, and exits 1 when it could not run.
    """
    from modelops.paths import StateHome
    from modelops.templates import find_template, read_values
    from modelops_server.jobs import JobOptions, Queue, submit

    home = StateHome.default()
    found = find_template(template, home)
    values = {**(read_values(file) if file else {}), **found.parse_text(split_assignments(assignments))}
    options = JobOptions(
        memory=int(memory) if memory else None,
        timeout=timeout,
        cell_timeout=cell_timeout,
        start_timeout=start_timeout,
        retries=retries,
        retry_on=_reasons(retry_on),
    )
    queue = Queue(home)
    needed = [queue.find(job_id).id for job_id in after]
    if check:
        from modelops_server.jobs.readiness import Asked

        asked = Asked(
            found,
            values,
            name=name,
            executor=executor,
            kernel=kernel,
            options=options,
            priority=priority,
            resources={"cpus": cpus, "gpus": gpus},
            after=tuple(needed),
            written_as=template,
        )
        _check(asked, queue, as_json=as_json)
        return
    job = submit(
        home,
        found,
        values,
        name=name,
        executor=executor,
        kernel=kernel,
        options=options,
        idempotency_key=idempotency_key,
        priority=priority,
        resources={"cpus": cpus, "gpus": gpus},
        after=needed,
    )
    start(home, job, detach=detach, as_json=as_json, max_running=max_running)


def _check(asked: Asked, queue: Queue, *, as_json: bool) -> None:
    """Say whether a job could run here; exits 1 when not."""
    from modelops_server.cli.readiness import show_readiness
    from modelops_server.jobs.readiness import check_readiness, close_previews

    try:
        readiness = check_readiness(asked, queue, patience=None)
    finally:
        close_previews()
    show(readiness.model_dump(), as_json, lambda: show_readiness(readiness))
    if not readiness.ready:
        sys.exit(1)


def start(home: StateHome, job: Job, *, detach: bool, as_json: bool, max_running: int | None = None) -> None:
    """Run a queued job here, or leave it to a worker; exits 1 when it does not succeed."""
    from modelops_server.cli.following import run_and_follow, show_outcome
    from modelops_server.jobs import Queue, State
    from modelops_server.jobs.supervision.worker import ensure_worker

    if detach or Queue(home).needs(job.id):
        ensure_worker(home)
    if detach:
        show(job.as_json(), as_json, lambda: _show_detached(job.id))
        return
    job = run_and_follow(home, job, show=not as_json, max_running=max_running)
    show(job.as_json(), as_json, lambda: show_outcome(job))
    if job.state is not State.SUCCEEDED:
        sys.exit(1)


def _show_detached(job_id: str) -> None:
    click.echo(job_id)
    click.echo(f"Follow it with: modelops jobs wait {job_id}   or: modelops jobs log {job_id} --follow", err=True)


def _reasons(asked: tuple[str, ...]) -> tuple[str, ...]:
    from modelops_server.jobs import ReasonCode
    from modelops_server.jobs.spec import RETRIED

    unknown = [name for name in asked if name not in set(ReasonCode)]
    if unknown:
        raise InvalidInput("unknown_reason", f"There is no reason {unknown[0]!r}.", f"One of: {', '.join(ReasonCode)}.")
    return tuple(dict.fromkeys((*RETRIED, *asked)))


def split_assignments(assignments: tuple[str, ...]) -> dict[str, str]:
    """``KEY=VALUE`` texts as a dictionary; raises ``InvalidInput``."""
    values: dict[str, str] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise InvalidInput("invalid_assignment", f"{assignment!r} is not KEY=VALUE.", "Write it as: -p rank=16")
        values[key] = value
    return values
