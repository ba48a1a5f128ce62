"""``modelops artifacts``: list, verify, trace, export and import what was made."""

from __future__ import annotations

import base64
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from modelops.errors import NotFound
from modelops.names import ArtifactKind
from modelops.units import human_bytes
from modelops_server.cli.output import console, json_option, print_table, printable, show

if TYPE_CHECKING:
    from modelops.registry import Artifact, PublicKey


@click.group()
def artifacts() -> None:
    """List, verify, trace, export and import what was made.

    REF is NAME for the newest version, NAME@3 for one version, or NAME@ALIAS.
    """


@artifacts.command("list")
@click.option("--kind", type=click.Choice(get_args(ArtifactKind)), help="Only artifacts of this kind.")
@click.option("--name", help="Only the versions of one artifact.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="How many to show at most.")
@json_option
def list_(kind: str | None, name: str | None, limit: int, as_json: bool) -> None:
    """List artifacts, newest first."""
    from modelops.registry import Registry

    found = Registry().list(kind=kind, name=name, limit=limit + 1)
    shown = found[:limit]

    def as_text() -> None:
        print_table(
            ["artifact", "kind", "size", "files", "made", "aliases", "job"],
            [_row(artifact) for artifact in shown],
            empty="Nothing here yet. `modelops quickstart` makes a model, a dataset and an adapter.",
        )
        if len(found) > limit:
            click.echo(click.style(f"The newest {limit}; --limit shows more.", dim=True))

    show([artifact.as_json() for artifact in shown], as_json, as_text)


@artifacts.command("show")
@click.argument("ref")
@json_option
def show_(ref: str, as_json: bool) -> None:
    """Show what an artifact is and what it was made from, as the database says; `verify` checks it."""
    from modelops.registry import Registry

    lineage = Registry().lineage(ref)
    artifact = lineage.artifact
    inputs = [
        {"name": edge.name, "uri": node.uri, "digest": node.digest} for edge, node in lineage.sources(artifact.digest)
    ]
    show({**artifact.as_json(), "dependencies": inputs}, as_json, lambda: _print_artifact(artifact, inputs))


@artifacts.command("files")
@click.argument("ref")
@json_option
def files(ref: str, as_json: bool) -> None:
    """List an artifact's files with their size and SHA-256."""
    from modelops.registry import Registry

    artifact = Registry().get(ref)
    show(
        artifact.as_json()["files"],
        as_json,
        lambda: print_table(
            ["file", "size", "SHA-256"],
            [(file.path, human_bytes(file.size), file.sha256) for file in artifact.files],
            empty="It has no files.",
        ),
    )


@artifacts.command("verify")
@click.argument("target", metavar="REF|PATH")
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Trust this public key (PEM) and no other. Only for an export.",
)
@json_option
def verify(target: str, key: Path | None, as_json: bool) -> None:
    """Check the signature and every byte of an artifact, or of an exported folder or archive.

    PATH contains a "/", as in ./support-bot. Exit status: 0 verified, 1 refused, 2 cannot tell.
    """
    from modelops.paths import StateHome
    from modelops.registry import KeyStore, Registry, verify_export

    if "/" in target or target in {".", ".."}:
        trusted = KeyStore(StateHome.default()).trusted() if key is None else (_read_key(key),)
        artifact, signer = verify_export(_existing(target), trusted)
    elif key is not None:
        raise click.UsageError("--key is for an export; write its path with a '/', as in ./support-bot.")
    else:
        registry = Registry()
        try:
            artifact = registry.verify(target)
        except NotFound as error:
            if Path(target).exists():
                error.hint = f"For the export, run: modelops artifacts verify ./{target}"
            raise
        signer = registry.signer(artifact.ref)
    document = {"verified": True, "signer": signer.fingerprint, "artifact": artifact.as_json()}
    show(document, as_json, lambda: _print_verified(artifact, signer))


@artifacts.command("lineage")
@click.argument("ref")
@json_option
def lineage(ref: str, as_json: bool) -> None:
    """Show as a tree what an artifact was made from, and what was made from it."""
    from modelops.registry import Registry
    from modelops_server.cli.lineage import print_lineage

    found = Registry().lineage(ref)
    show(found.as_json(), as_json, lambda: print_lineage(found))


@artifacts.command("compare")
@click.argument("refs", metavar="REF REF [REF]...", nargs=-1, required=True)
@json_option
def compare(refs: tuple[str, ...], as_json: bool) -> None:
    """Show artifacts side by side: what they are, what was measured, and what they were made from."""
    from modelops.registry import Registry
    from modelops.registry.comparison import compare_artifacts
    from modelops_server.cli.artifact_comparison import show_artifact_comparison

    if len(refs) < 2:
        raise click.UsageError("Name two artifacts, or more.")
    comparison = compare_artifacts(Registry(), refs)
    show(comparison.as_json(), as_json, lambda: show_artifact_comparison(comparison))


@artifacts.command("alias")
@click.argument("ref")
@click.argument("alias")
@click.option("--allow-rejected", is_flag=True, help="Also where it did not pass its gate.")
@json_option
def alias(ref: str, alias: str, allow_rejected: bool, as_json: bool) -> None:
    """Let NAME@ALIAS mean the version that REF names now, as in: alias support-bot@3 production."""
    from modelops.registry import Registry

    registry = Registry()
    artifact = registry.get(ref)
    registry.set_alias(artifact.name, alias, artifact.version, allow_rejected=allow_rejected)
    named = f"{artifact.name}@{alias}"
    show({"alias": named, "ref": artifact.ref}, as_json, lambda: click.echo(f"{named} is now {artifact.ref}."))


@artifacts.command("attestation")
@click.argument("ref")
@click.option("--statement", is_flag=True, help="Print the signed statement instead, indented for reading.")
@json_option
def attestation(ref: str, statement: bool, as_json: bool) -> None:  # noqa: ARG001 - it is JSON in any case
    """Print the DSSE envelope of an artifact, byte for byte as it was signed."""
    from modelops.registry import Registry

    envelope = Registry().attestation(ref)
    if statement:
        show(json.loads(base64.b64decode(json.loads(envelope)["payload"])), True, lambda: None)
        return
    click.echo(envelope, nl=sys.stdout.isatty())


@artifacts.command("export")
@click.argument("ref")
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path),
    help="A folder that is empty or does not exist, or a new file that ends in .tar or .tar.gz.",
)
@click.option(
    "--oms", is_flag=True, help="Add an OpenSSF Model Signing bundle (model.sig), for the model_signing tool."
)
@json_option
def export(ref: str, to: Path, oms: bool, as_json: bool) -> None:
    """Verify an artifact into a folder or archive that anyone can check, without this program too."""
    from modelops.registry import Registry

    registry = Registry()
    artifact = registry.export(ref, to, oms=oms)
    # Only the home that signed an artifact can prove with the same key that it was published.
    proof = ", log-proof.json" if registry.keys.is_own(registry.signer(ref)) else ""

    def as_text() -> None:
        click.echo(f"{artifact.ref} is in {to}: files/ ({_size(artifact)}), attestation.json{proof} and signer.pem.")
        if oms:
            click.echo("With it: model.sig, the P-256 key oms-key.pem that made it, and the certification of that key.")
        click.echo(click.style(f"Check it with: modelops artifacts verify {_as_path(to)}", dim=True))

    show({"ref": artifact.ref, "path": str(to.absolute()), "digest": artifact.digest}, as_json, as_text)


@artifacts.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Accept this public key (PEM) and no other. It must be trusted already, or with --trust.",
)
@click.option("--trust", is_flag=True, help="Trust the key from now on: what it signed can be loaded here.")
@json_option
def import_(path: Path, key: Path | None, trust: bool, as_json: bool) -> None:
    """Take in an exported folder or archive (.tar, .tar.gz, .zip), under the name and version that were signed.

    Nothing is registered unless a trusted key signed it and every byte is what was signed.
    """
    from modelops.registry import Registry, import_export

    if trust and key is None:
        raise click.UsageError("--trust needs the key to trust: --key PEM, as its owner gave it to you.")
    imported = import_export(Registry(), path, key=None if key is None else _read_key(key), trust=trust)
    artifact, signer = imported.artifact, imported.signer.fingerprint

    def as_text() -> None:
        if imported.new:
            click.echo(
                f"{click.style('Imported', fg='green', bold=True)} {artifact.kind} {artifact.ref}: {_size(artifact)}."
            )
        else:
            click.echo(f"{artifact.ref} is here already, with the same digest: nothing to do.")
        click.echo(click.style(f"  signed by {signer}", dim=True))

    show({"imported": imported.new, "signer": signer, "artifact": artifact.as_json()}, as_json, as_text)


def _row(artifact: Artifact) -> tuple[str, ...]:
    return (
        artifact.ref,
        artifact.kind,
        human_bytes(artifact.size),
        str(len(artifact.files)),
        _local_time(artifact.created),
        ", ".join((*artifact.aliases, *(("rejected",) if artifact.rejected else ()))),
        artifact.job or "",
    )


def _print_artifact(artifact: Artifact, inputs: list[dict[str, str]]) -> None:
    from rich.text import Text

    out = console()
    out.print(Text.assemble((artifact.ref, "bold"), (f"  {artifact.kind}", "dim")))
    facts: dict[str, Any] = {
        "made": _local_time(artifact.created) + (f" by job {artifact.job}" if artifact.job else ""),
        "files": _size(artifact),
        "aliases": ", ".join(artifact.aliases),
        "rejected": " ".join(artifact.rejected),
        "digest": artifact.digest,
        **artifact.metadata,
    }
    lines = [(name, _inline(value)) for name, value in facts.items() if value not in ("", None)]
    lines += [("from" if row == 0 else "", f"{item['name']}  {item['uri']}") for row, item in enumerate(inputs)]
    width = max(len(name) for name, _ in lines) + 2
    for name, value in lines:
        out.print(Text.assemble((f"  {printable(name):<{width}}", "dim"), printable(value)))


def _print_verified(artifact: Artifact, signer: PublicKey) -> None:
    click.echo(f"{click.style('Verified', fg='green', bold=True)} {artifact.kind} {artifact.ref}: {_size(artifact)}.")
    click.echo(click.style(f"  signed by {signer.fingerprint}", dim=True))


def _inline(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _size(artifact: Artifact) -> str:
    count = len(artifact.files)
    return f"{count} {'file' if count == 1 else 'files'}, {human_bytes(artifact.size)}"


def _local_time(created: str) -> str:
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:  # somebody edited the row; `verify` says so
        return created


def _as_path(path: Path) -> str:
    return str(path) if "/" in str(path) else f"./{path}"


def _existing(text: str) -> Path:
    if not Path(text).exists():
        raise NotFound("export_not_found", f"There is no {text}.", "Write an artifact's name without '/'.")
    return Path(text)


def _read_key(path: Path) -> PublicKey:
    from modelops.registry import PublicKey

    return PublicKey.from_pem(path.read_bytes(), str(path))
