"""The ``modelops`` command: nouns are loaded only when they are used, so that ``--help`` answers at once."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

import modelops
from modelops.errors import ModelOpsError
from modelops_server.cli.output import show_error

# Command -> (module below modelops_server.cli, its click command, one line of help).
COMMANDS: dict[str, tuple[str, str, str]] = {
    "quickstart": ("quickstart", "quickstart", "Fine-tune a small model on real text and verify the result."),
    "doctor": ("doctor", "doctor", "Show what this machine has, and how to get what is missing."),
    "templates": ("templates", "templates", "List notebooks that can be run as jobs, with their parameters."),
    "models": ("models", "models", "Add language models to the registry."),
    "datasets": ("datasets", "datasets", "Add, make and inspect datasets."),
    "run": ("run", "run", "Run a template or notebook as a job."),
    "jobs": ("jobs", "jobs", "Follow, cancel, compare and read jobs."),
    "artifacts": ("artifacts", "artifacts", "List, verify, trace, export and import what was made."),
    "endpoints": ("endpoints", "endpoints", "Serve models with the OpenAI API."),
    "rag": ("rag", "rag", "Search an index of documents, and answer questions from it."),
    "env": ("env", "env", "Make the environments that some templates need."),
    "registry": ("registry", "registry", "Check the registry, free space, mend the database."),
    "keys": ("keys", "keys", "Show and export the key that signs artifacts."),
    "worker": ("worker", "worker", "Run queued jobs without a Jupyter server."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"modelops_server.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, _, summary) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(modelops.__version__, prog_name="modelops")
def cli() -> None:
    """Train, evaluate, quantize and verify language models in notebooks.

    Every command takes --json. Exit status: 0 ok, 1 failed, 2 bad usage or cannot tell.
    """


def main(arguments: list[str] | None = None) -> Any:
    """Entry point of the ``modelops`` script; turns errors into one clear message and an exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        cli.main(arguments, prog_name="modelops", standalone_mode=False)
    except ModelOpsError as error:
        show_error(error, as_json="--json" in arguments)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Aborted.", err=True)
        sys.exit(130)
    sys.exit(0)
