"""``modelops env``: the environments that some templates need, each a locked set of packages behind a kernelspec."""

from __future__ import annotations

import sys

import click

from modelops.paths import StateHome
from modelops.units import human_bytes
from modelops_server.cli.output import json_option, print_table, show
from modelops_server.cli.steps import steps
from modelops_server.environments import Environment, environment, environments


@click.group()
def env() -> None:
    """Make the environments that some templates need, next to the one that ModelOps is installed in.

    An environment holds what its lock file names, version and hash, on top of the packages of ModelOps; its kernel
    can be used in JupyterLab, too.
    """


@env.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List environments: what each is for, what it costs, and whether it is there."""
    found = [item.as_json() for item in environments(StateHome.default())]

    def as_text() -> None:
        print_table(
            ["environment", "state", "disk", "download", "for"],
            [
                (
                    item["name"],
                    item["state"],
                    human_bytes(item["disk"] if item["size"] is None else item["size"]),
                    human_bytes(item["download"]),
                    item["summary"],
                )
                for item in found
            ],
            empty="No environments are known.",
        )

    show(found, as_json, as_text)


@env.command("create")
@click.argument("name")
@click.option("--again", is_flag=True, help="Make it anew where it is there already.")
@json_option
def create(name: str, again: bool, as_json: bool) -> None:
    """Make the environment NAME and its kernel; Ctrl-C leaves nothing behind.

    What it costs is said first; nothing is downloaded where it does not fit. --again is refused while a job uses it.
    """
    from modelops_server.environments.creation import create as create_environment

    home = StateHome.default()
    made = environment(home, name)
    if again:
        _refuse_in_use(made, home)
    if not as_json:
        click.echo(made.cost().replace("Create it", made.definition.lock.title))
    with steps(f"Making {name}") as progress:
        create_environment(made, progress, again=again)
    document = made.as_json()
    ready = f"{name} is ready: {human_bytes(document['size'])}, kernel {document['kernel']}."
    show(document, as_json, lambda: click.echo(ready))


@env.command("check")
@click.argument("name")
@json_option
def check(name: str, as_json: bool) -> None:
    """Look whether the environment NAME is whole: versions as locked, imports that work, its kernel registered."""
    found = environment(StateHome.default(), name)
    found.require()
    with steps(f"Looking at {name}", lines=False):
        problems = found.problems()
    document = {**found.as_json(), "problems": problems}

    def as_text() -> None:
        for problem in problems:
            click.echo(problem)
        if not problems:
            click.echo(f"{name} is whole: as locked, everything can be imported, kernel {document['kernel']}.")
        else:
            click.echo(f"Make it anew: modelops env create {name} --again")

    show(document, as_json, as_text)
    sys.exit(1 if problems else 0)


@env.command("remove")
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Remove the environment NAME and its kernel; refused while a job uses it."""
    from modelops_server.environments.creation import remove as remove_environment

    home = StateHome.default()
    found = environment(home, name)
    _refuse_in_use(found, home)
    size = remove_environment(found)
    show({"name": name, "freed": size}, as_json, lambda: click.echo(f"Removed {name}: {human_bytes(size)} are free."))


def _refuse_in_use(found: Environment, home: StateHome) -> None:
    from modelops_server.jobs import Queue
    from modelops_server.jobs.in_use import refuse_in_use

    refuse_in_use(found, Queue(home))
