"""The checks between stored bytes and a caller: each failure is a ``VerificationError`` with one of the reasons."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from modelops.errors import InvalidInput, Unavailable
from modelops.files import out_of_space
from modelops.registry.blobs import disk_full, regular_reader
from modelops.registry.copying import copy_hashing, hash_file
from modelops.registry.members import check_members
from modelops.registry.reasons import refusal
from modelops.registry.records import Artifact, Dependency, FileEntry
from modelops.registry.statements import Statement


def check_record(record: Artifact, dependencies: tuple[Dependency, ...], statement: Statement) -> None:
    """Check that the database's rows say of the artifact what was signed."""
    signed = statement.artifact(record.aliases)
    if (record.name, record.version, record.kind) != (signed.name, signed.version, signed.kind):
        raise refusal(
            "wrong_artifact",
            f"The attestation of {record.kind} {record.ref} belongs to {signed.kind} {signed.ref}.",
            signed=signed.ref,
        )
    check_paths(file.path for file in statement.files)
    check_paths(file.path for file in record.files)
    check_listing({file.path: file for file in record.files}, statement)
    for field in ("created", "metadata", "job", "digest"):
        if getattr(record, field) != getattr(signed, field):
            raise refusal("record_mismatch", f"The database's {field} of {record.ref} is not what was signed.")
    if dependencies != statement.dependencies:
        raise refusal("record_mismatch", f"The database's dependencies of {record.ref} are not what was signed.")


def check_paths(paths: Iterable[str]) -> None:
    """Check that paths are safe and cannot be one file on any file system."""
    try:
        check_members(paths)
    except InvalidInput as error:
        code = "name_collision" if error.code == "name_collision" else "unsafe_path"
        raise refusal(code, error.message, **error.details) from error


def check_listing(listed: dict[str, FileEntry], statement: Statement) -> None:
    """Check that exactly the signed files are listed, each with its signed digest and size."""
    signed = {file.path: file for file in statement.files}
    check_names(listed, signed)
    for path, file in signed.items():
        if listed[path] == file:
            continue
        if listed[path].sha256 in {other.sha256 for other in statement.files if other.sha256 != file.sha256}:
            raise renamed(path)
        raise refusal("file_mismatch", f"The database lists another content for {path!r} than was signed.", file=path)


def check_names(found: Iterable[str], signed: Iterable[str]) -> None:
    """Check that the files found are exactly those that were signed."""
    found, signed = set(found), set(signed)
    if extra := sorted(found - signed):
        raise refusal("unexpected_file", f"{extra[0]!r} was not signed with the artifact.", files=extra[:100])
    if missing := sorted(signed - found):
        raise refusal("missing_file", f"{missing[0]!r} was signed and is not there.", files=missing[:100])


def check_content(source: Path, file: FileEntry, others: Iterable[FileEntry] = (), target: Path | None = None) -> None:
    """Read a file and check size and SHA-256; with ``target``, the very bytes that are checked are copied there.

    ``others`` are the artifact's files, to tell content under another name from content that was never signed.
    """
    try:
        with regular_reader(source) as stream:
            if target is None:
                found = hash_file(stream)
            else:
                with open(target, "x+b", opener=_read_only) as copy:
                    found = copy_hashing(stream, copy)
    except InvalidInput as error:
        raise refusal("not_a_regular_file", f"{file.path!r} is a link or a special file.", file=file.path) from error
    except OSError as error:
        if out_of_space(error) and target is not None:
            raise disk_full(target.parent, file.size) from error
        raise Unavailable(
            "unreadable",
            f"{file.path!r} cannot be read, so nothing is known about it: {error.strerror}.",
            "Look at the permissions and the disk, then verify again.",
            file=file.path,
        ) from error
    if found == (file.sha256, file.size):
        return
    if found in {(other.sha256, other.size) for other in others}:
        raise renamed(file.path)
    if found[1] != file.size:
        raise refusal(
            "size_mismatch",
            f"{file.path!r} has {found[1]} bytes; {file.size} were signed.",
            file=file.path,
            size=found[1],
        )
    raise refusal("digest_mismatch", f"The content of {file.path!r} is not what was signed.", file=file.path)


def renamed(path: str) -> Exception:
    """The refusal for signed content under another file's name."""
    return refusal("file_renamed", f"{path!r} holds the content that was signed under another name.", file=path)


def _read_only(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o400)
