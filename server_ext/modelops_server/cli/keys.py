"""``modelops keys``: the key that signs what is made here, and the keys that are trusted."""

from __future__ import annotations

from pathlib import Path

import click

from modelops_server.cli.output import json_option, show


@click.group()
def keys() -> None:
    """Show and export the key that signs artifacts."""


@keys.command("show")
@json_option
def show_(as_json: bool) -> None:
    """Show the fingerprint to give to others, and the other keys that are trusted."""
    from modelops.paths import StateHome
    from modelops.registry import KeyStore

    store = KeyStore(StateHome.default())
    own = store.own()
    others = [key.fingerprint for key in store.trusted() if key != own]
    document = {
        "algorithm": "ed25519",
        "fingerprint": own.fingerprint,
        "public_key": own.pem().decode(),
        "public_key_file": str(store.public),
        "trusted": others,
    }

    def as_text() -> None:
        click.echo(f"Ed25519  {click.style(own.fingerprint, bold=True)}")
        click.echo(
            click.style("  SHA-256 of the public key (DER). Give it to others over a channel they trust.", dim=True)
        )
        click.echo(click.style(f"  public key  {store.public}", dim=True))
        for fingerprint in others:
            click.echo(f"trusted  {fingerprint}")
        if not others:
            click.echo(click.style(f"  To trust another's key, save its PEM in {store.trusted_folder}", dim=True))

    show(document, as_json, as_text)


@keys.command("export")
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file, which must not exist."
)
@json_option
def export(to: Path | None, as_json: bool) -> None:
    """Print the public key as PEM, which openssl reads. The private key never leaves the state home."""
    from modelops.errors import Conflict
    from modelops.paths import StateHome
    from modelops.registry import KeyStore

    own = KeyStore(StateHome.default()).own()
    pem = own.pem().decode()
    if to is not None:
        try:
            with open(to, "x", encoding="ascii") as stream:
                stream.write(pem)
        except FileExistsError as error:
            raise Conflict("file_exists", f"{to} exists.", "Choose another file.") from error
    document = {"fingerprint": own.fingerprint, "public_key": pem, "file": None if to is None else str(to.absolute())}
    show(document, as_json, lambda: click.echo(pem if to is None else f"The public key is in {to}.", nl=to is not None))
