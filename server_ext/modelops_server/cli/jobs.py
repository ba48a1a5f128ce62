"""``modelops jobs``: list, follow, cancel, compare and read jobs."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from modelops.errors import Conflict
from modelops.units import human_bytes
from modelops_server.cli.output import json_option, print_table, show
from modelops_server.cli.quantities import Duration, Size

if TYPE_CHECKING:
    from modelops_server.jobs import Job, Queue

_job_argument = click.argument("job_id", metavar="ID")


@click.group()
def jobs() -> None:
    """Follow, cancel, compare and read jobs. An ID may be shortened to what is unique."""


@jobs.command("list")
@click.option("--state", multiple=True, help="Only jobs in this state; may be repeated.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many, the newest first."
)
@json_option
def list_jobs(state: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List jobs, the newest first."""
    from modelops.errors import InvalidInput
    from modelops_server.jobs import State

    unknown = [name for name in state if name not in set(State)]
    if unknown:
        raise InvalidInput("unknown_state", f"There is no state {unknown[0]!r}.", f"Use one of: {', '.join(State)}.")
    found = _queue().list(states=[State(name) for name in state] or None, limit=limit)
    rows = [(job.id, job.name, job.state.value, _summary(job), job.submitted[:19].replace("T", " ")) for job in found]
    show(
        [job.as_json() for job in found],
        as_json,
        lambda: print_table(
            ("ID", "NAME", "STATE", "RESULT", "SUBMITTED (UTC)"), rows, "No jobs yet. Start one: modelops run TEMPLATE"
        ),
    )


@jobs.command("show")
@_job_argument
@json_option
def show_job(job_id: str, as_json: bool) -> None:
    """Show a job: its state, what it made, or what went wrong."""
    queue = _queue()
    job = queue.find(job_id)
    show(_with_record(job, queue), as_json, lambda: _show_text(job, queue))


@jobs.command()
@_job_argument
@click.option("--follow", is_flag=True, help="Go on until the job ends.")
@json_option
def log(job_id: str, follow: bool, as_json: bool) -> None:
    """Print what the notebook has printed."""
    from modelops_server.jobs.journal import follow_log

    queue = _queue()
    job = queue.find(job_id)
    pieces = follow_log(job.folder, lambda: not follow or queue.get(job.id).state.terminal)
    if as_json:
        click.echo(json.dumps({"id": job.id, "log": "".join(pieces)}, ensure_ascii=False))
        return
    for piece in pieces:
        click.echo(piece, nl=False)


@jobs.command()
@_job_argument
@click.option("--follow", is_flag=True, help="Go on until the job ends.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def events(job_id: str, follow: bool, as_json: bool) -> None:
    """Print a job's events: states, cells, metrics, progress, outputs."""
    from modelops_server.jobs.journal import follow_events

    queue = _queue()
    job = queue.find(job_id)
    for _, event in follow_events(job.folder, lambda: not follow or queue.get(job.id).state.terminal):
        if as_json:
            click.echo(json.dumps(event, ensure_ascii=False))
        else:
            clock = time.strftime("%H:%M:%S", time.localtime(event["time"]))
            click.echo(f"{clock}  {event['type']:<9} {_event_text(event)}")


@jobs.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@json_option
def diff(a: str, b: str, as_json: bool) -> None:
    """Show what differs between two jobs: parameters, inputs, environment, metrics, resources, cells."""
    from modelops_server.cli.comparison import show_comparison
    from modelops_server.jobs.comparison import compare_jobs

    queue = _queue()
    comparison = compare_jobs(queue.find(a), queue.find(b))
    show(comparison.as_json(), as_json, lambda: show_comparison(comparison))


@jobs.command()
@_job_argument
@json_option
def cancel(job_id: str, as_json: bool) -> None:
    """Cancel a job: its kernel is interrupted, and killed if that does not help."""
    from modelops_server.jobs.ending import cancel as end

    queue = _queue()
    job = end(queue, queue.find(job_id).id)
    done = "Cancelled" if job.state.terminal else "Cancelling"
    show(job.as_json(), as_json, lambda: click.echo(f"{done} {job.id}"))


@jobs.command()
@_job_argument
@click.option("-p", "assignments", multiple=True, metavar="KEY=VALUE", help="Change a parameter; may be repeated.")
@click.option("--memory", type=Size(), help="Another limit of memory.")
@click.option("--timeout", type=Duration(), help="Another limit of time for the whole job.")
@click.option("--cell-timeout", type=Duration(), help="Another limit of time for one cell.")
@click.option("--detach", is_flag=True, help="Return at once; a worker in the background runs the job.")
@json_option
def retry(
    job_id: str,
    assignments: tuple[str, ...],
    memory: float | None,
    timeout: float | None,
    cell_timeout: float | None,
    detach: bool,
    as_json: bool,
) -> None:
    """Run an ended job again, as a new one: the same, or with changed parameters.

    Where the template can resume, it goes on from the last checkpoint. A job that only lacked the space for its outputs
    is finished without running its notebook again.
    """
    from modelops.paths import StateHome
    from modelops.templates import load_template
    from modelops_server.cli.run import split_assignments, start
    from modelops_server.jobs.retrying import retry as repeat
    from modelops_server.jobs.spec import INPUT

    queue, home = _queue(), StateHome.default()
    old = queue.find(job_id)
    changes = load_template(old.folder / INPUT).parse_text(split_assignments(assignments)) if assignments else {}
    limits = {"memory": int(memory) if memory else None, "timeout": timeout, "cell_timeout": cell_timeout}
    start(home, repeat(home, old.id, changes, limits=limits), detach=detach, as_json=as_json)


@jobs.command()
@_job_argument
@json_option
def wait(job_id: str, as_json: bool) -> None:
    """Wait until a job has ended, and exit 0 if it succeeded, 1 if not."""
    from modelops.paths import StateHome
    from modelops_server.cli.following import show_outcome, wait_and_follow
    from modelops_server.jobs import State

    queue = _queue()
    job = wait_and_follow(StateHome.default(), queue.find(job_id), show=not as_json)
    show(job.as_json(), as_json, lambda: show_outcome(job))
    if job.state is not State.SUCCEEDED:
        sys.exit(1)


@jobs.command()
@_job_argument
@json_option
def notebook(job_id: str, as_json: bool) -> None:
    """Print the path of the executed notebook."""
    from modelops_server.jobs.report import executed_notebook

    job = _queue().find(job_id)
    path = executed_notebook(job.folder)
    show({"id": job.id, "notebook": str(path)}, as_json, lambda: click.echo(path))


@jobs.command()
@_job_argument
@json_option
def report(job_id: str, as_json: bool) -> None:
    """Render the executed notebook as an HTML page, and print its path."""
    from modelops_server.jobs.report import render_report

    job = _queue().find(job_id)
    if not job.state.terminal:
        raise Conflict(
            "job_not_ended", f"Job {job.id} is still {job.state}.", f"Wait for it: modelops jobs wait {job.id}"
        )
    path = render_report(job.folder)
    show({"id": job.id, "report": str(path)}, as_json, lambda: click.echo(path))


def _queue() -> Queue:
    """The queue, after jobs whose runner died were entered as such: what is shown is true."""
    from modelops.paths import StateHome
    from modelops_server.jobs import Queue, Scheduler

    home = StateHome.default()
    queue = Queue(home)
    Scheduler(home, queue=queue).reconcile()
    return queue


def _summary(job: Job) -> str:
    if job.reason is not None:
        return job.reason.code
    return ", ".join(job.artifacts)


def _with_record(job: Job, queue: Queue) -> dict[str, object]:
    from dataclasses import asdict

    from modelops_server.jobs.proposals import propose
    from modelops_server.jobs.spec import JobSpec

    return {
        **job.as_json(),
        "spec": asdict(JobSpec.read(job.folder)),
        "attempts": [attempt.as_json() for attempt in queue.attempts(job.id)],
        "proposals": [proposal.as_json() for proposal in propose(job, queue)],
        **_waiting(job, queue),
    }


def _show_proposals(job: Job, queue: Queue) -> None:
    """What to change when a job that failed is tried again, with the command that does it."""
    from modelops_server.jobs.proposals import propose
    from modelops_server.jobs.readiness import as_options

    for proposal in propose(job, queue):
        click.echo(f"  or        {proposal.sentence}")
        options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in proposal.options.items())
        if words := f"{as_options(proposal.parameters)} {options}".strip():
            click.echo(f"            modelops jobs retry {job.id} {words}")


def _waiting(job: Job, queue: Queue) -> dict[str, object]:
    """What a queued job waits for: its place, and the jobs that it needs."""
    if job.state != "queued":
        return {}
    return {"ahead": queue.ahead_of(job), "needs": list(queue.needs(job.id))}


def _show_text(job: Job, queue: Queue) -> None:
    from modelops_server.cli.following import show_outcome
    from modelops_server.jobs.spec import JobSpec

    spec = JobSpec.read(job.folder)
    if job.state.terminal:
        show_outcome(job)
        if job.reason is not None:
            _show_proposals(job, queue)
    else:
        click.echo(f"{job.state.value.capitalize()}  {job.id}")
    if job.state == "queued":
        click.echo(f"  waits     {queue.ahead_of(job)} ahead of it")
        for needed in queue.needs(job.id):
            click.echo(f"            for {needed}")
    click.echo(f"  template  {job.template}")
    if job.retry_of:
        click.echo(f"  repeats   {job.retry_of}")
    click.echo(f"  kernel    {spec.kernel}")
    click.echo(f"  submitted {job.submitted}")
    if job.attempt is not None and job.attempt.peak_memory:
        click.echo(f"  memory    {human_bytes(job.attempt.peak_memory)} at most")
    earlier = [attempt for attempt in queue.attempts(job.id) if attempt.epoch < job.epoch or attempt.outcome]
    if len(earlier) > 1 or job.state == "queued":
        for attempt in earlier:
            why = f": {attempt.reason.message}" if attempt.reason else ""
            click.echo(f"  attempt {attempt.epoch} {attempt.outcome}{why}")
    click.echo("  parameters")
    for name, value in spec.parameters.items():
        click.echo(f"    {name} = {value!r}")


def _event_text(event: dict[str, Any]) -> str:
    from modelops.events import as_text

    match event["type"]:
        case "state":
            reason = event.get("reason")
            return f"{event['state']}" + (f": {reason['message']}" if isinstance(reason, dict) else "")
        case "cell":
            return f"{event['number']} of {event['total']} {event['status']}  {event['first_line']}"
        case _:
            return as_text(event)
