"""``modelops endpoints``: serve models, and look after what is served."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelops.paths import StateHome
from modelops.units import human_bytes
from modelops_server.cli.output import json_option, print_table, printable, show
from modelops_server.cli.quantities import Size
from modelops_server.cli.steps import steps

if TYPE_CHECKING:
    from modelops_server.endpoints import Endpoint


@click.group()
def endpoints() -> None:
    """Serve models with the OpenAI API and indexes to be searched, and look after what is served.

    An endpoint is a process of its own: it goes on when this command, the terminal or the Jupyter server ends.
    """


@endpoints.command("start")
@click.argument("ref")
@click.option("--name", help="Name of the endpoint, by which requests choose it; by default the artifact's.")
@click.option(
    "--engine", default="auto", show_default=True, help="llamacpp, transformers, vllm, retrieval, or what is installed."
)
@click.option("--adapter", "adapters", multiple=True, metavar="REF", help="Serve this adapter of the model, too.")
@click.option("--reranker", metavar="REF", help="Of an index: a model that orders what was found.")
@click.option("--context", type=click.IntRange(64), help="Most tokens of prompt and answer.  [default: up to 4096]")
@click.option("--parallel", default=4, show_default=True, type=click.IntRange(1, 256), help="Requests at a time.")
@click.option("--threads", type=click.IntRange(1), help="Threads that compute.  [default: all cores]")
@click.option(
    "--gpus",
    type=click.IntRange(0),
    help="GPUs that it is given.  [default: one, where there is any; with llama.cpp 0]",
)
@click.option("--max-memory", type=Size(), help="Start the engine anew when it takes more, such as 8GB.")
@click.option("--idle-minutes", type=click.FloatRange(0, min_open=True), help="Stop when nobody uses it so long.")
@click.option(
    "--parity",
    default="refuse",
    show_default=True,
    type=click.Choice(["refuse", "warn", "off"]),
    help="What to do where it does not answer as it was evaluated.",
)
@click.option("--allow-rejected", is_flag=True, help="Serve a model that did not pass its gate all the same.")
@click.option("--detach", is_flag=True, help="Do not wait until it is ready.")
@json_option
def start(
    ref: str,
    name: str | None,
    engine: str,
    adapters: tuple[str, ...],
    reranker: str | None,
    detach: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Serve the model, adapter or index REF; of an adapter, the model that it was trained on with it applied.

    What is served is verified first, and its memory estimated. Ctrl-C while it starts stops it.
    """
    from modelops_server.endpoints import Options, plan, stop
    from modelops_server.endpoints import start as start_endpoint

    home = StateHome.default()
    if options["max_memory"] is not None:
        options["max_memory"] = int(options["max_memory"])
    chosen = Options(**options)
    planned = plan(home, ref, name=name, engine=engine, adapters=adapters, reranker=reranker, options=chosen)
    started = start_endpoint(home, planned)
    if not as_json:
        spec = planned.spec
        click.echo(
            f"{click.style(spec.name, bold=True)}: {spec.target.ref} on {spec.engine}, "
            f"{spec.options.context:,} tokens, "
            f"{spec.options.parallel} requests at a time, about {human_bytes(sum(planned.memory.values()))} of memory"
        )
    if detach:
        _show_one(started, as_json)
        return
    try:
        _wait(home, started.name, as_json)
    except KeyboardInterrupt:
        stop(home, started.name)
        raise


@endpoints.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List endpoints: those that run, and those that ran."""
    from modelops_server.endpoints import endpoints as all_endpoints

    found = [endpoint.as_json() for endpoint in all_endpoints(StateHome.default())]

    def as_text() -> None:
        print_table(
            ["endpoint", "state", "serves", "engine", "adapters", "memory", "restarts"],
            [
                (
                    item["name"],
                    item["state"],
                    item["ref"],
                    item["engine"],
                    str(len(item["adapters"])),
                    human_bytes(item["memory"]) if item["memory"] else "",
                    str(item["restarts"]),
                )
                for item in found
            ],
            empty="Nothing is served. Begin with: modelops endpoints start MODEL",
        )

    show(found, as_json, as_text)


@endpoints.command("show")
@click.argument("name")
@json_option
def show_(name: str, as_json: bool) -> None:
    """Show the endpoint NAME: what it serves, how, and how it is."""
    from modelops_server.endpoints import find

    _show_one(find(StateHome.default(), name), as_json)


@endpoints.command("log")
@click.argument("name")
@click.option("--lines", default=50, show_default=True, type=click.IntRange(1), help="How many of the last lines.")
@json_option
def log(name: str, lines: int, as_json: bool) -> None:
    """Print what the endpoint NAME and its engine wrote last."""
    from modelops_server.endpoints import find

    path = find(StateHome.default(), name).place.log
    text = path.read_text("utf-8", "replace") if path.exists() else ""
    last = text.splitlines()[-lines:]
    show({"lines": last}, as_json, lambda: click.echo(printable("\n".join(last))))


@endpoints.command("stop")
@click.argument("name")
@json_option
def stop_(name: str, as_json: bool) -> None:
    """Stop the endpoint NAME; returns when nothing of it runs."""
    from modelops_server.endpoints import stop

    with steps(f"Stopping {name}", lines=False):
        stopped = stop(StateHome.default(), name)
    _show_one(stopped, as_json)


@endpoints.command("restart")
@click.argument("name")
@json_option
def restart_(name: str, as_json: bool) -> None:
    """Start the endpoint NAME as it was asked for, after stopping it where it runs."""
    from modelops_server.endpoints import restart

    home = StateHome.default()
    with steps(f"Stopping {name}", lines=False):
        restart(home, name)
    _wait(home, name, as_json)


@endpoints.command("remove")
@click.argument("name")
@json_option
def remove_(name: str, as_json: bool) -> None:
    """Stop the endpoint NAME and forget it, with its log."""
    from modelops_server.endpoints import remove

    remove(StateHome.default(), name)
    show({"removed": name}, as_json, lambda: click.echo(f"Removed {name}."))


@endpoints.command("adapters")
@click.argument("name")
@click.option("--add", multiple=True, metavar="REF", help="Serve this adapter, too.")
@click.option("--remove", "removed", multiple=True, metavar="ADAPTER", help="Serve this adapter no longer.")
@json_option
def adapters_(name: str, add: tuple[str, ...], removed: tuple[str, ...], as_json: bool) -> None:
    """Change the adapters of the endpoint NAME while it answers: requests that run go on as they began."""
    from modelops_server.endpoints import find, set_adapters

    home = StateHome.default()
    if add or removed:
        set_adapters(home, name, add=add, remove_names=removed)
        _wait(home, name, as_json)
    else:
        _show_one(find(home, name), as_json)


@endpoints.command("keys")
@click.argument("name")
@click.option("--create", metavar="ID", help="Make a key, called ID; it is shown this once.")
@click.option("--revoke", metavar="ID", help="Let the key ID work no longer.")
@json_option
def keys(name: str, create: str | None, revoke: str | None, as_json: bool) -> None:
    """List, make or revoke keys by which somebody without a login may use the endpoint NAME, and no other."""
    from modelops_server.endpoints.keys import create_key, list_keys, revoke_key

    home = StateHome.default()
    made = create_key(home, name, create) if create else None
    if revoke:
        revoke_key(home, name, revoke)
    known = [{"id": key.id, "created": key.created} for key in list_keys(home, name)]

    def as_text() -> None:
        if made:
            click.echo(f"{made}\n  Keep it: it is not shown again.")
        rows = [(str(key["id"]), str(key["created"])) for key in known]
        print_table(["key", "made"], rows, empty=f"{name} has no keys: only who can log in may use it.")

    show({"keys": known, **({"key": made} if made else {})}, as_json, as_text)


@endpoints.command("bench")
@click.argument("name")
@click.option("--concurrency", default="1,4,8,16", show_default=True, help="Requests at a time, one after the other.")
@click.option("--requests", default=16, show_default=True, type=click.IntRange(1), help="Requests for each of these.")
@click.option("--max-tokens", default=32, show_default=True, type=click.IntRange(1), help="Tokens of each answer.")
@click.option("--no-record", is_flag=True, help="Do not register what was measured.")
@json_option
def bench(name: str, concurrency: str, requests: int, max_tokens: int, no_record: bool, as_json: bool) -> None:
    """Measure how the endpoint NAME answers under load: first token, tokens a second, percentiles, errors.

    It asks the engine itself, without the Jupyter server between. What was measured is registered and signed as an
    evaluation of what is served. Ctrl-C ends it.
    """
    import asyncio

    from modelops_server.endpoints import find
    from modelops_server.endpoints.bench.load import Level, levels, run_level
    from modelops_server.endpoints.bench.record import COLUMNS, register_load, table
    from modelops_server.endpoints.direct import engine_client

    home = StateHome.default()
    endpoint = find(home, name)
    try:
        chosen = list(levels(concurrency))
    except ValueError as error:
        raise click.BadParameter(f"{error}; write it as 1,4,8.", param_hint="--concurrency") from error

    async def run() -> list[Level]:
        with steps("Asking") as progress:
            async with engine_client(endpoint) as client:
                await run_level(client, [name], 1, 1, max_tokens)  # memory is taken the first time
                measured = []
                for number in chosen:
                    progress(f"{number} at a time")
                    measured.append(await run_level(client, [name], number, max(requests, number), max_tokens))
                return measured

    measured = asyncio.run(run())
    settings = {"concurrency": chosen, "requests": requests, "max_tokens": max_tokens}
    artifact = None if no_record else register_load(home, endpoint, measured, settings)
    rows = [level.as_json() for level in measured]

    def as_text() -> None:
        print_table(COLUMNS, table(rows), empty="Nothing was measured.")
        if artifact:
            click.echo(f"{click.style('✓', fg='green')} {artifact.ref} registered and signed")

    show({"levels": rows, "artifact": artifact.ref if artifact else None}, as_json, as_text)


def _wait(home: StateHome, name: str, as_json: bool) -> None:
    from modelops_server.endpoints import State, wait_until_settled

    with steps(f"Starting {name}") as progress:
        settled = wait_until_settled(home, name, lambda found: progress(found.status.text or found.state.value))
    _show_one(settled, as_json)
    if settled.state is State.FAILED:
        sys.exit(1)


def _show_one(endpoint: Endpoint, as_json: bool) -> None:
    document = endpoint.as_json()
    show(document, as_json, lambda: _print_one(document, endpoint.place.log))


def _print_one(document: dict[str, Any], log: Path) -> None:
    facts = {
        "state": document["state"] + (f": {document['text']}" if document["text"] else ""),
        "serves": document["ref"],
        "model": document["model"] if document["model"] != document["ref"] else "",
        "adapters": ", ".join(document["adapters"]),
        "embedder": document["embedder"] or "",
        "reranker": document["reranker"] or "",
        "engine": document["engine"],
        "context": f"{document['context']:,} tokens" if document["context"] else "",
        "memory": human_bytes(document["memory"]) if document["memory"] else "",
        "restarts": str(document["restarts"] or ""),
        "names": ", ".join(document["model_names"]),
        "log": str(log),
    }
    for parity in document["parity"]:
        facts[f"parity of {parity['name']}"] = parity["sentence"]
    click.echo(click.style(printable(document["name"]), bold=True))
    for title, value in facts.items():
        if value:
            click.echo(f"  {title:<10} {printable(value)}")
    if reason := document["reason"]:
        click.echo(f"{click.style(reason['detail'], fg='red')}\n  {reason['hint']}")
