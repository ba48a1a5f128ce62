"""``modelops worker``: the scheduler without a Jupyter server."""

from __future__ import annotations

import click


@click.command()
@click.option("--max-running", type=click.IntRange(min=1), default=1, show_default=True, help="Jobs that run at once.")
@click.option("--exit-when-idle", is_flag=True, help="End when no job is queued or running.")
@click.option("--json", "as_json", is_flag=True, help="Log one JSON object per line.")
def worker(max_running: int, exit_when_idle: bool, as_json: bool) -> None:
    """Run queued jobs until stopped; jobs that run then go on."""
    import logging

    from modelops.paths import StateHome
    from modelops_server.jobs.worker import run_worker

    line = '{"time": "%(asctime)s", "message": "%(message)s"}' if as_json else "%(asctime)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=line)
    run_worker(StateHome.default(), max_running=max_running, exit_when_idle=exit_when_idle)
