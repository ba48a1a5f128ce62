"""``modelops datasets``: add, make, list and inspect datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelops.errors import InvalidInput
from modelops.units import human_bytes
from modelops_server.cli.output import console, json_option, print_table, printable, show
from modelops_server.cli.steps import steps

if TYPE_CHECKING:
    from modelops.datasets import Inspection, Registered
    from modelops.datasets.statistics import TokenCounter
    from modelops.registry import Registry

FORMATS = ("auto", "messages", "sharegpt", "alpaca", "prompt-completion", "text")

format_option = click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="auto", show_default=True, help="Format of the rows."
)
tokenizer_option = click.option(
    "--tokenizer", metavar="REF|FOLDER", help="Count tokens with the tokenizer of a registered model or of a folder."
)


def says_which_rows(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command that refuses a dataset first name the bad rows, on standard error."""

    @wraps(command)
    def wrapped(*arguments: Any, as_json: bool, **options: Any) -> None:
        try:
            command(*arguments, as_json=as_json, **options)
        except InvalidInput as error:
            if not as_json and error.details.get("bad_rows"):
                _print_bad_rows(error.details, stderr=True)
            raise

    return wrapped


@click.group()
def datasets() -> None:
    """Add, make, list and inspect datasets."""


@datasets.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the dataset; the same name again is its next version.")
@format_option
@click.option("--skip-bad-rows", is_flag=True, help="Leave out rows that cannot be used, instead of refusing them all.")
@click.option("--test-fraction", type=float, help="Share of rows to hold out where the source has not, such as 0.1.")
@click.option("--seed", default=0, show_default=True, help="Another seed holds out other rows.")
@tokenizer_option
@json_option
@says_which_rows
def add(
    path: Path,
    name: str,
    format_: str,
    skip_bad_rows: bool,
    test_fraction: float | None,
    seed: int,
    tokenizer: str | None,
    as_json: bool,
) -> None:
    """Check, convert and register the dataset at PATH.

    PATH is a JSONL, JSON, CSV or Parquet file, a folder with train and test files, or a folder saved by `datasets`.
    """
    from modelops.datasets import import_dataset
    from modelops.registry import Registry

    registry = Registry()
    with _progress() as progress, _token_counter(tokenizer, registry, progress) as count_tokens:
        registered = import_dataset(
            path,
            name=name,
            registry=registry,
            format=format_,
            skip_bad_rows=skip_bad_rows,
            test_fraction=test_fraction,
            seed=seed,
            count_tokens=count_tokens,
            tokenizer=tokenizer,
            progress=progress,
        )
    _show_registered(registered, as_json)


@datasets.command("make-pydoc")
@click.option("--name", default="stdlib-qa", show_default=True, help="Name of the dataset.")
@click.option("--rows", type=click.IntRange(2), help="At most this many rows in all, from all modules.")
@click.option("--held-out", default=0.1, show_default=True, help="Share of rows to hold out, as whole modules.")
@click.option("--max-chars", default=1200, show_default=True, help="Longest answer, in characters.")
@tokenizer_option
@json_option
def make_pydoc(
    name: str, rows: int | None, held_out: float, max_chars: int, tokenizer: str | None, as_json: bool
) -> None:
    """Make a question/answer dataset from the docstrings of Python's standard library.

    The same Python gives the same dataset. Modules in the held-out split are not in the training split.
    """
    from modelops.datasets import add_pydoc
    from modelops.registry import Registry

    registry = Registry()
    with _progress() as progress, _token_counter(tokenizer, registry, progress) as count_tokens:
        registered = add_pydoc(
            name=name,
            registry=registry,
            rows=rows,
            held_out=held_out,
            max_chars=max_chars,
            count_tokens=count_tokens,
            tokenizer=tokenizer,
            progress=progress,
        )
    _show_registered(registered, as_json)


@datasets.command("inspect")
@click.argument("dataset", metavar="REF|PATH")
@format_option
@tokenizer_option
@click.option("--context", type=click.IntRange(1), help="Count the rows longer than a model's context, in tokens.")
@click.option("--rows", "preview", default=2, show_default=True, type=click.IntRange(0), help="Rows to show.")
@json_option
def inspect(
    dataset: str, format_: str, tokenizer: str | None, context: int | None, preview: int, as_json: bool
) -> None:
    """Show the first rows, statistics and a histogram of lengths of a dataset, and the bad rows of a source.

    What exists as a file or folder is read as a source; write NAME@VERSION to mean an artifact all the same.
    """
    from modelops.datasets import inspect_source, inspect_stored
    from modelops.registry import Registry

    registry = Registry()
    path = Path(dataset)
    with _progress() as progress, _token_counter(tokenizer, registry, progress) as count_tokens:
        if path.exists() or "/" in dataset:
            where = str(path)
            seen = inspect_source(path, format_, count_tokens, progress, preview)
        else:
            with registry.verified_open(dataset) as verified:
                if verified.artifact.kind != "dataset":
                    raise InvalidInput(
                        "not_a_dataset",
                        f"{verified.artifact.ref} is a {verified.artifact.kind}, not a dataset.",
                        "See `modelops datasets list`.",
                        ref=verified.artifact.ref,
                    )
                where = f"{verified.artifact.ref} (verified)"
                seen = inspect_stored(verified.path, count_tokens, progress, preview)
    document = {"dataset": where, **seen.as_json(context)}
    show(document, as_json, lambda: _print_inspection(where, seen, document, context))


@datasets.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="How many to show at most.")
@json_option
def list_(limit: int, as_json: bool) -> None:
    """List datasets, newest first."""
    from modelops.registry import Registry

    found = Registry().list(kind="dataset", limit=limit)

    def as_text() -> None:
        print_table(
            ["dataset", "rows", "splits", "format", "size", "made"],
            [
                (
                    artifact.ref,
                    f"{artifact.metadata.get('rows', 0):,}",
                    ", ".join(f"{rows:,} {split}" for split, rows in artifact.metadata.get("splits", {}).items()),
                    str(artifact.metadata.get("format", "")),
                    human_bytes(artifact.size),
                    artifact.created,
                )
                for artifact in found
            ],
            empty="No datasets yet. `modelops datasets make-pydoc` makes one from Python's own documentation.",
        )

    show([artifact.as_json() for artifact in found], as_json, as_text)


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """A line on standard error that says what is being done, where that is a terminal."""
    with steps("Looking at the dataset", lines=False) as tell:
        yield lambda what, rows: tell(f"{what} … {rows:,} rows" if rows else what)


@contextmanager
def _token_counter(
    tokenizer: str | None, registry: Registry, progress: Callable[[str, int], None]
) -> Iterator[TokenCounter | None]:
    if tokenizer is None:
        yield None
        return
    progress("Loading the tokenizer", 0)
    from modelops.datasets import token_counter
    from modelops.models.loading import load_tokenizer

    with ExitStack() as opened:
        folder = Path(tokenizer)
        if not folder.is_dir():
            folder = opened.enter_context(registry.verified_open(tokenizer)).path
        try:
            loaded = load_tokenizer(folder)
        except (OSError, ValueError, KeyError) as error:
            raise InvalidInput(
                "no_tokenizer",
                f"{tokenizer} holds no tokenizer that can be loaded.",
                "Give a registered model, or a folder with tokenizer.json.",
                tokenizer=tokenizer,
            ) from error
        yield token_counter(loaded)


def _show_registered(registered: Registered, as_json: bool) -> None:
    from modelops.datasets import terminal

    artifact, sheet = registered.artifact, registered.sheet

    def as_text() -> None:
        if registered.new:
            click.echo(f"{click.style('✓', fg='green')} {click.style(artifact.ref, bold=True)} registered and signed")
        else:
            click.echo(f"{click.style(artifact.ref, bold=True)} holds these rows already: no new version")
        console().print(terminal.summary(sheet))
        skipped = sheet["skipped"]
        if skipped["total"]:
            reasons = ", ".join(f"{count:,} {code}" for code, count in skipped["by_reason"].items())
            click.echo(f"{skipped['total']:,} bad rows skipped: {reasons}")
        click.echo(f"Look at it: modelops datasets inspect {artifact.ref}")

    show({**artifact.as_json(), "new": registered.new, "datasheet": sheet}, as_json, as_text)


def _print_inspection(where: str, seen: Inspection, document: dict[str, Any], context: int | None) -> None:
    from modelops.datasets import terminal

    out = console()
    click.echo(click.style(printable(where), bold=True))
    for number, (split, row) in enumerate(seen.preview, 1):
        click.echo(click.style(f"\n── row {number}, {split} ──", dim=True))
        out.print(terminal.chat(row), soft_wrap=False)
    click.echo()
    out.print(terminal.summary(document))
    unit, _ = seen.statistics.lengths
    if document["rows"]:
        click.echo()
        out.print(terminal.histogram(document[unit], unit, context))
    if document["over_context"] is not None:
        over = document["over_context"]["rows"]
        if unit == "tokens":
            click.echo(f"{over:,} of {document['rows']:,} rows are over {context:,} tokens")
        else:
            click.echo(
                f"At least {over:,} of {document['rows']:,} rows are over {context:,} tokens: they have more words."
            )
            click.echo("Give --tokenizer to count tokens.")
    if document.get("bad_row_count"):
        click.echo()
        _print_bad_rows(document)


def _print_bad_rows(report: dict[str, Any], stderr: bool = False) -> None:
    from modelops.datasets import terminal

    out = console(stderr=stderr)
    out.print(terminal.bad_rows(report["bad_rows"]))
    more = report["bad_row_count"] - len(report["bad_rows"])
    reasons = ", ".join(f"{count:,} {code}" for code, count in report["bad_by_reason"].items())
    click.echo(
        f"{f'… and {more:,} more. ' if more else ''}{report['bad_row_count']:,} of {report['rows_read']:,} rows "
        f"cannot be used: {reasons}",
        err=stderr,
    )
