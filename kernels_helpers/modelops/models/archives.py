"""Unpacks chosen members of a zip archive within limits: no traversal, no links, no bombs."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from modelops.errors import InvalidInput, Unavailable
from modelops.names import check_member_path
from modelops.registry.members import check_members

MAX_MEMBERS = 10_000
MAX_RATIO = 50
"""Unpacked bytes per packed byte of one member; weights shrink by less than 2, JSON by less than 20."""

_SMALL = 50_000_000  # bytes; below it a high ratio does no harm


def unpack(archive: Path, folder: Path, wanted: Callable[[str], bool]) -> list[str]:
    """Unpack the members whose names are ``wanted`` below ``folder``, and return the names of all members.

    Every member is checked, wanted or not, before the first byte is written. Raises ``InvalidInput``:
    ``invalid_archive``, ``invalid_path``, ``archive_link``, ``archive_too_large``; ``Unavailable`` with ``disk_full``.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _check(archive, members)
            chosen = [member for member in members if wanted(member.filename)]
            _check_space(folder.parent, sum(member.file_size for member in chosen))
            for member in chosen:
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                # zipfile stops at the announced size and compares the checksum.
                with opened.open(member) as packed, target.open("xb") as stream:
                    shutil.copyfileobj(packed, stream, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InvalidInput(
            "invalid_archive", f"{archive.name} is not a sound archive: {error}.", "Fetch it again."
        ) from error
    return [member.filename for member in members]


def _check(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise _refused(archive, "archive_too_large", f"it has {len(members)} members, more than {MAX_MEMBERS}")
    for member in members:
        check_member_path(member.filename)
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(archive, "archive_link", f"its member {member.filename!r} is a link")
        if member.file_size > max(_SMALL, MAX_RATIO * member.compress_size):
            raise _refused(
                archive,
                "archive_too_large",
                f"its member {member.filename!r} unpacks from {member.compress_size} to {member.file_size} bytes",
            )
    check_members(member.filename for member in members)


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise Unavailable(
            "disk_full",
            f"Unpacking needs {needed / 1e6:.0f} MB; {free / 1e6:.0f} MB are free.",
            "Free some space, or move MODELOPS_HOME to another disk.",
            needed=needed,
            free=free,
        )


def _refused(archive: Path, code: str, reason: str) -> InvalidInput:
    return InvalidInput(code, f"{archive.name} is refused: {reason}.", "Do not use this file.", archive=archive.name)
