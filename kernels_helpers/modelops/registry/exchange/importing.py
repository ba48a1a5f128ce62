"""Takes in what another state home exported: unpacked in quarantine, verified, then registered as it was signed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.errors import Conflict, InvalidInput, NotFound, VerificationError
from modelops.names import check_name
from modelops.registry.database import transaction
from modelops.registry.exchange.export import FILES, Export, read_export, unpack_export
from modelops.registry.keys import PublicKey
from modelops.registry.locks import storing
from modelops.registry.reasons import refusal
from modelops.registry.records import KINDS, Artifact, in_path_order
from modelops.registry.scratch import ScratchFolder
from modelops.registry.statements import Statement
from modelops.registry.verification import check_names

if TYPE_CHECKING:
    from modelops.registry.blobs import BlobStore
    from modelops.registry.registry import Registry


@dataclass(frozen=True)
class Imported:
    """An artifact that was taken in, who signed it, and whether it is new here."""

    artifact: Artifact
    signer: PublicKey
    new: bool


def import_export(registry: Registry, source: Path, *, key: PublicKey | None = None, trust: bool = False) -> Imported:
    """Register an exported folder or archive under the name and version that were signed, in the signer's envelope.

    It must be signed by ``key``, or without one by a key that is trusted here. With ``trust`` the key is trusted from
    then on; without it, it must be already, because every later load verifies the signature again.

    Raises ``VerificationError`` with the reason, ``InvalidInput`` for what is no export or no safe archive, and
    ``Conflict`` with code ``version_taken`` when the name and version mean something else here, or with
    ``registry_damaged`` when only the log knows the artifact.
    """
    trusted = registry.keys.trusted()
    if key is not None:
        if not trust and key not in trusted:
            raise _not_trusted(key)
        trusted = (key,)
    with _unpacked(registry, source) as folder:
        export = _verified(folder, trusted)
        statement = export.statement
        _check_identity(statement)
        _is_here(registry, statement)
        with storing(registry.home):
            _stage(registry, folder / FILES, statement)
            if trust:
                registry.keys.trust(export.signer)
            artifact, new = _enter(registry, export)
    registry.catch_up()
    return Imported(artifact, export.signer, new)


def _enter(registry: Registry, export: Export) -> tuple[Artifact, bool]:
    """The artifact, and whether it is new: asked again in the transaction, where nobody can come in between."""
    statement = export.statement
    with transaction(registry.database):
        if _is_here(registry, statement):
            registry.envelopes.add(export.envelope)  # as with blobs: what rotted or was lost is there again
            return registry.get(statement.artifact().ref), False
        for file in statement.files:
            registry.require_blob(file)
        try:
            return registry.enter(without_absent(registry.blobs, statement), export.envelope), True
        except sqlite3.IntegrityError as error:
            raise Conflict(
                "registry_damaged",
                f"{statement.artifact().ref} is in the log already, and the database lost it; nothing was imported.",
                "See what is wrong, and what mends it, with: modelops registry fsck",
            ) from error


@contextmanager
def _unpacked(registry: Registry, source: Path) -> Iterator[Path]:
    """The exported folder at ``source``, or in the archive that it is."""
    if source.is_dir():
        yield source
        return
    if not source.is_file():
        raise NotFound(
            "export_not_found", f"There is no file or folder {source}.", "Give what `modelops artifacts export` made."
        )
    scratch = ScratchFolder(registry.home)
    try:
        yield unpack_export(source, scratch.path)
    finally:
        scratch.remove()


def _verified(folder: Path, trusted: Iterable[PublicKey]) -> Export:
    try:
        return read_export(folder, trusted)
    except VerificationError as error:
        if error.code == "unknown_key":
            error.hint = (
                f"The signer calls the key {error.details['fingerprint']}. If its owner confirms this fingerprint, "
                "import with --key PEM --trust."
            )
        raise


def _not_trusted(key: PublicKey) -> VerificationError:
    return refusal(
        "unknown_key",
        "The key is not trusted here, so nothing that it signed could be loaded after the import.",
        f"If its owner confirms the fingerprint {key.fingerprint}, add --trust to trust it from now on.",
        fingerprint=key.fingerprint,
    )


def _check_identity(statement: Statement) -> None:
    """Whoever signed it: a name, kind or version that could not be made here is not taken in either."""
    try:
        check_name(statement.name, "artifact name")
    except InvalidInput as error:
        raise refusal("malformed_statement", error.message) from error
    if statement.kind not in KINDS or not 0 < statement.version < 10**9 or not statement.files:
        raise refusal("malformed_statement", "The signed kind, version or list of files is not one of an artifact.")


def _is_here(registry: Registry, statement: Statement) -> bool:
    """Whether this very artifact is registered; raises ``Conflict`` when another stands under its name and version."""
    artifact = statement.artifact()
    found = registry.list(name=artifact.name, version=artifact.version)
    if found and found[0].digest != artifact.digest:
        raise Conflict(
            "version_taken",
            f"{artifact.ref} is another artifact here, and what was signed cannot be renamed.",
            "Import it into another state home (MODELOPS_HOME), or ask its owner to publish it under another name.",
            ref=artifact.ref,
            here=found[0].digest,
            signed=artifact.digest,
        )
    return bool(found)


def _stage(registry: Registry, files: Path, statement: Statement) -> None:
    """Store the files as a job's output is stored, and see that what was stored is what was signed."""
    staged = {file.path: file for file in registry.stage(files)}
    check_names(staged, (file.path for file in statement.files))
    for file in in_path_order(statement.files):
        if staged[file.path] != file:
            raise refusal("digest_mismatch", f"{file.path!r} was replaced while it was imported.", file=file.path)


def without_absent(blobs: BlobStore, statement: Statement) -> Statement:
    """The statement as rows: a record of the run that was not exported, such as the notebook, gets none."""
    here = tuple(file for file in statement.byproducts if blobs.path(file.sha256).is_file())
    return replace(statement, byproducts=here)
