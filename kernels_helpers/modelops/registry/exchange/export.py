"""An artifact as a folder or archive that anyone can check: files, attestation, proof of publication, public key."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from modelops.errors import Conflict, InvalidInput
from modelops.files import durable_writer, fsync_folder, out_of_space, publish, regular_files, write_atomic
from modelops.registry.blobs import disk_full
from modelops.registry.copying import each
from modelops.registry.envelopes import open_envelope
from modelops.registry.exchange.archives import PACKED, pack, unpack
from modelops.registry.exchange.oms import check_bundle
from modelops.registry.keys import PublicKey
from modelops.registry.log.proofs import check_proof
from modelops.registry.reasons import refusal
from modelops.registry.records import Artifact, in_path_order
from modelops.registry.statements import Statement, read_statement
from modelops.registry.verification import check_content, check_names, check_paths

FILES, ATTESTATION, LOG_PROOF, SIGNER = "files", "attestation.json", "log-proof.json", "signer.pem"


def write_export(target: Path, title: str, copy_files: Callable[[Path], None], records: Mapping[str, bytes]) -> None:
    """Make ``target``, whole or not at all: a folder, or an archive of a folder ``title`` if its name ends like one.

    ``copy_files`` puts the verified files into the folder it is given; ``records`` are the files beside that folder.
    Raises ``Conflict`` with code ``target_not_empty`` unless the folder does not exist or is empty, or with
    ``target_exists`` for an archive, and ``InvalidInput`` when the folder around it does not exist.
    """
    target = target.absolute()
    packed = target.name.endswith(PACKED)
    if not target.parent.is_dir():
        raise InvalidInput("not_a_folder", f"{target.parent} is not a folder.", "Create it first, or choose another.")
    if packed and os.path.lexists(target):
        raise Conflict("target_exists", f"{target} exists.", "Choose another name.")
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        raise Conflict("target_not_empty", f"{target} exists and is not an empty folder.", "Choose another folder.")
    building = target.parent / f".{target.name}.{secrets.token_hex(4)}.tmp"
    try:
        building.mkdir()
        files = building / FILES
        files.mkdir()
        copy_files(files)
        for name, content in records.items():
            write_atomic(building / name, content)
        if packed:
            with durable_writer(target.parent) as (stream, temporary):
                pack(building, title, stream, zipped=not target.name.endswith(".tar"))
            publish(temporary, target)
            shutil.rmtree(building, ignore_errors=True)
            return
        _make_shareable_and_durable(building)
        building.rename(target)
    except BaseException as error:
        needed = sum(path.stat().st_size for path in building.rglob("*"))
        shutil.rmtree(building, ignore_errors=True)
        if isinstance(error, OSError) and out_of_space(error):
            raise disk_full(target.parent, needed) from error
        raise
    fsync_folder(target.parent)


class Export(NamedTuple):
    """What a verified export holds beside its files."""

    statement: Statement
    envelope: bytes
    signer: PublicKey


def verify_export(source: Path, trusted: Iterable[PublicKey]) -> tuple[Artifact, PublicKey]:
    """Check an exported folder or archive against trusted keys; return the artifact and the key that signed it.

    The key in the folder is not believed: whoever can change the files can change it too.

    Raises ``VerificationError`` with the reason, and ``InvalidInput`` with code ``not_an_export``, or those of
    :func:`~modelops.registry.exchange.archives.unpack`.
    """
    if source.is_file():
        with tempfile.TemporaryDirectory(prefix="modelops-") as scratch:
            return verify_export(unpack_export(source, Path(scratch)), trusted)
    export = read_export(source, trusted)
    return export.statement.artifact(), export.signer


def unpack_export(archive: Path, into: Path, wanted: Callable[[str], bool] = lambda _: True) -> Path:
    """Unpack what is ``wanted`` of an archive of an export into an empty folder; return the exported folder in it.

    Nothing is verified yet.
    """
    unpack(archive, into, wanted)
    inner = list(into.iterdir())
    # An archive of a folder holds the folder, or what is in it.
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else into


def read_export(folder: Path, trusted: Iterable[PublicKey]) -> Export:
    """Check an exported folder as :func:`verify_export` does; return what was signed, and in which envelope."""
    files, attestation = folder / FILES, folder / ATTESTATION
    if not attestation.is_file() or files.is_symlink() or not files.is_dir():
        raise InvalidInput(
            "not_an_export",
            f"{folder} is not an exported artifact: it lacks {ATTESTATION} or the folder {FILES}.",
            "Give a folder that `modelops artifacts export` made.",
        )
    trusted, envelope = tuple(trusted), attestation.read_bytes()
    payload, signer = open_envelope(envelope, trusted)
    statement = read_statement(payload)
    check_paths(file.path for file in statement.files)
    try:
        found = dict(regular_files(files))
    except InvalidInput as error:
        raise refusal("not_a_regular_file", error.message, **error.details) from error
    check_names(found, (file.path for file in statement.files))
    each(lambda file: check_content(found[file.path], file, statement.files), in_path_order(statement.files))
    if (folder / LOG_PROOF).is_file():
        check_proof((folder / LOG_PROOF).read_bytes(), envelope, trusted)
    check_bundle(folder, statement, signer)
    return Export(statement, envelope, signer)


def _make_shareable_and_durable(folder: Path) -> None:
    for base, _, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            path.chmod(0o644)
            with open(path, "rb") as stream:
                os.fsync(stream.fileno())
        Path(base).chmod(0o755)
        fsync_folder(Path(base))
