"""Archives: packed the same way every time, unpacked within limits: no traversal, no links, no bombs."""

from __future__ import annotations

import errno
import gzip
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, TypeVar

from modelops.errors import InvalidInput
from modelops.files import out_of_space, regular_files
from modelops.names import check_member_path
from modelops.registry.blobs import disk_full
from modelops.registry.members import check_members

MAX_MEMBERS = 10_000
MAX_RATIO = 50
"""Unpacked bytes per byte of the archive; weights shrink by less than 2, JSON by less than 20."""

_SMALL = 50_000_000  # bytes; below it a high ratio does no harm
_HEADER = 1 << 20  # bytes; more than any header of a tar archive that tells a name
_DIRECTORY = 16 << 20  # bytes; more than the directory of a zip archive with as many members as there may be

PACKED = (".tar", ".tar.gz", ".tgz")
"""How the name of an archive ends that :func:`pack` can write."""

# tarfile follows chains of headers by recursion, and numbers and names may be anything.
_UNSOUND = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError),
)

_Entry = TypeVar("_Entry")


class _Member(NamedTuple):
    name: str
    size: int
    open: Callable[[], IO[bytes]]


def unpack(archive: Path, folder: Path, wanted: Callable[[str], bool] = lambda _: True) -> list[str]:
    """Unpack the members whose names are ``wanted`` below ``folder``, and return the names of all members.

    Every member is checked, wanted or not, before the first byte is written. Raises ``InvalidInput``:
    ``invalid_archive``, ``invalid_path``, ``name_collision``, ``archive_link``, ``archive_special_file``,
    ``archive_too_large``; ``Unavailable`` with ``disk_full``.
    """
    needed = 0
    try:
        with _opened(archive) as found:
            members = _checked(archive, found)
            chosen = [member for member in members if wanted(member.name)]
            needed = sum(member.size for member in chosen)
            if needed > shutil.disk_usage(folder.parent).free:
                raise disk_full(folder.parent, needed)
            for member in chosen:
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                # Both stop at the announced size; zipfile and gzip compare the checksum.
                with member.open() as packed, target.open("xb") as stream:
                    shutil.copyfileobj(packed, stream, 1 << 20)
                    if stream.tell() != member.size:
                        raise EOFError(f"{member.name!r} is cut off")
    except _UNSOUND as error:
        raise _unsound(archive, error) from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # an offset that points before the beginning
            raise _unsound(archive, error) from error
        if out_of_space(error):
            raise disk_full(folder.parent, needed) from error
        raise
    return [member.name for member in members]


def pack(folder: Path, name: str, stream: BinaryIO, zipped: bool) -> None:
    """Write ``folder`` as a tar archive of a folder ``name``; the same files and names make the same bytes."""
    # Weights hardly shrink, whatever the effort; no time, name or owner gets in.
    packing = gzip.GzipFile("", "wb", 1, stream, mtime=0) if zipped else nullcontext(stream)
    with packing as target, tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for relative, path in regular_files(folder):
            member = tarfile.TarInfo(f"{name}/{relative}")
            member.size = path.stat().st_size
            with path.open("rb") as content:
                archive.addfile(member, content)


@contextmanager
def _opened(archive: Path) -> Iterator[Iterator[_Member]]:
    with archive.open("rb") as raw:
        if zipfile.is_zipfile(raw):
            with zipfile.ZipFile(_Frugal(archive, raw, _DIRECTORY)) as opened:
                yield _in_zip(archive, opened)
            return
        raw.seek(0)
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        source = _Frugal(archive, gzip.GzipFile(fileobj=raw) if packed else raw, _HEADER)
        with tarfile.open(fileobj=source, mode="r:") as opened:  # type: ignore[call-overload]
            yield _in_tar(archive, opened)


def _in_zip(archive: Path, opened: zipfile.ZipFile) -> Iterator[_Member]:
    for member in _counted(archive, opened.infolist()):
        if member.is_dir():
            continue
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise NotImplementedError(f"{member.filename!r} is packed in an unusual way")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind == stat.S_IFLNK:
            raise _refused(archive, "archive_link", f"its member {member.filename!r} is a link")
        yield _Member(member.filename, member.file_size, lambda member=member: opened.open(member))  # type: ignore[misc]


def _in_tar(archive: Path, opened: tarfile.TarFile) -> Iterator[_Member]:
    for member in _counted(archive, opened):
        if member.isdir():
            continue
        if member.issym() or member.islnk():
            raise _refused(archive, "archive_link", f"its member {member.name!r} is a link")
        if not member.isreg() or member.issparse():
            raise _refused(archive, "archive_special_file", f"its member {member.name!r} is no regular file")
        yield _Member(member.name, member.size, lambda member=member: _extract(opened, member))  # type: ignore[misc]


def _extract(opened: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = opened.extractfile(member)
    if stream is None:
        raise tarfile.ExtractError(f"{member.name!r} is no file")
    return stream


def _counted(archive: Path, entries: Iterable[_Entry]) -> Iterator[_Entry]:
    """The entries of whatever kind, while there are not too many."""
    for number, entry in enumerate(entries):
        if number == MAX_MEMBERS:
            raise _refused(archive, "archive_too_large", f"it has more than {MAX_MEMBERS} members")
        yield entry


def _checked(archive: Path, found: Iterator[_Member]) -> list[_Member]:
    """The members, checked one by one as they are found: a bomb is refused before it is read through."""
    members: list[_Member] = []
    total, most = 0, max(_SMALL, MAX_RATIO * archive.stat().st_size)
    for member in found:
        members.append(member)
        check_member_path(member.name)
        if member.size < 0:
            raise ValueError(f"{member.name!r} has a negative size")
        total += member.size
        if total > most:
            raise _refused(
                archive,
                "archive_too_large",
                f"up to {member.name!r} it unpacks from {archive.stat().st_size} to {total} bytes",
            )
    check_members(member.name for member in members)
    return members


class _Frugal:
    """What an archive is read through: headers that are longer than any could be are not read into memory."""

    def __init__(self, archive: Path, source: BinaryIO | gzip.GzipFile, most: int) -> None:
        self._archive, self._source, self._most = archive, source, most
        self.tell, self.seek, self.seekable = source.tell, source.seek, source.seekable

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise _refused(self._archive, "archive_too_large", f"it has a header of {size} bytes")
        return self._source.read(size)


def _refused(archive: Path, code: str, reason: str) -> InvalidInput:
    return InvalidInput(code, f"{archive.name} is refused: {reason}.", "Do not use this file.", archive=archive.name)


def _unsound(archive: Path, error: Exception) -> InvalidInput:
    return InvalidInput("invalid_archive", f"{archive.name} is not a sound archive: {error}.", "Fetch it again.")
