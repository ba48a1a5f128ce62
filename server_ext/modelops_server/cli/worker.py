"""``modelops worker``: the scheduler without a Jupyter server."""

from __future__ import annotations

import click

from modelops_server.cli.quantities import Size


@click.command()
@click.option("--max-running", type=click.IntRange(min=1), help="Jobs at once, however much is free.")
@click.option("--cpus", type=click.FloatRange(min=0, min_open=True), help="Cores for jobs; by default the machine's.")
@click.option("--gpus", type=click.IntRange(min=0), help="GPUs for jobs; by default the machine's.")
@click.option("--memory", type=Size(), help="Memory for jobs, such as 16GB; by default the machine's.")
@click.option(
    "--standby",
    type=click.IntRange(0, 16),
    default=1,
    show_default=True,
    help="Runners that are kept ready, so that jobs start at once.",
)
@click.option("--exit-when-idle", is_flag=True, help="End when no job is queued or running.")
@click.option("--json", "as_json", is_flag=True, help="Log one JSON object per line.")
def worker(
    max_running: int | None,
    cpus: float | None,
    gpus: int | None,
    memory: float | None,
    standby: int,
    exit_when_idle: bool,
    as_json: bool,
) -> None:
    """Run queued jobs until stopped; jobs that run then go on.

    A job starts when the cores, GPUs and memory that it holds are free: by priority, then in the order of submission.
    """
    import logging

    from modelops.paths import StateHome
    from modelops_server.jobs.resources import Inventory
    from modelops_server.jobs.supervision.worker import run_worker

    line = '{"time": "%(asctime)s", "message": "%(message)s"}' if as_json else "%(asctime)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=line)
    inventory = Inventory.of_machine(cpus=cpus, gpus=gpus, memory=int(memory) if memory else None)
    run_worker(
        StateHome.default(),
        inventory=inventory,
        max_running=max_running,
        standby=0 if exit_when_idle else standby,
        exit_when_idle=exit_when_idle,
    )
