"""The documents of folders: every regular file that is not hidden, in one order on every machine."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from modelops.errors import InvalidInput, NotFound
from modelops.rag.documents import Skipped
from modelops.rag.reading.reasons import Reason

_UNSAFE = (Reason.UNSAFE_NAME.value, "Its name has invisible characters or is not UTF-8. Rename it.")


@dataclass(frozen=True)
class FoundFile:
    """A file to read, and what it is called in the index."""

    source: str
    path: Path


@dataclass
class Found:
    """The files to read, sorted by source, and what was left out and why."""

    files: list[FoundFile] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def find_documents(paths: Iterable[Path | str], include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Found:
    """The files at ``paths``, folders searched to the bottom.

    Patterns such as ``*.md`` or ``guide/*`` match a file's name or its path below the folder; those that do not match
    are left out without a word. Of several paths, each source begins with the name of its own. Links are not followed,
    so nothing outside of the folders is read; a path that is a link itself is what the user named, and is.

    Raises ``NotFound`` (``file_not_found``), and ``InvalidInput`` where there is nothing to read (``no_documents``)
    or two files would have the same source (``same_source``).
    """
    given = list(dict.fromkeys(Path(path) for path in paths))
    found = Found()
    for path in given:
        if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a folder above it cannot be looked into
            raise NotFound(
                "file_not_found", f"There is no file or folder {str(path)!r}.", "Check the path.", path=str(path)
            )
        root = path.resolve()
        begin = f"{_shown(root.name)}/" if len(given) > 1 and root.is_dir() else ""
        chosen = _walk(root, begin, found.skipped) if root.is_dir() else _named(root, found.skipped)
        for file in chosen:
            relative = file.source.removeprefix(begin)
            if (not include or _matches(relative, include)) and not _matches(relative, exclude):
                found.files.append(file)
    found.files.sort(key=lambda file: file.source)
    found.skipped.sort(key=lambda skipped: skipped.source)
    _check_sources(found.files)
    if given and not found.files:
        raise InvalidInput(
            "no_documents",
            f"{', '.join(map(str, given))} holds no document"
            + (" that matches the patterns." if include or exclude else "."),
            "Name a folder with documents, or other patterns.",
            skipped=len(found.skipped),
        )
    return found


def _named(path: Path, skipped: list[Skipped]) -> Iterator[FoundFile]:
    """A file that the user named, be it hidden or not."""
    if _is_unsafe(path.name):
        skipped.append(Skipped(_shown(path.name), *_UNSAFE))
    else:
        yield FoundFile(path.name, path)


def _walk(root: Path, begin: str, skipped: list[Skipped]) -> Iterator[FoundFile]:
    def unreadable(error: OSError) -> None:
        name = begin + _shown(os.path.relpath(error.filename, root))
        skipped.append(Skipped(f"{name}/", Reason.UNREADABLE.value, f"It cannot be listed: {error.strerror}."))

    for base, folders, names in os.walk(root, onerror=unreadable):
        folder = Path(base)
        for name in sorted(folders):
            if problem := _refused(folder / name, is_folder=True):
                skipped.append(Skipped(f"{begin}{_shown(_below(folder / name, root))}/", *problem))
                folders.remove(name)
        for name in sorted(names):
            path = folder / name
            source = begin + _below(path, root)
            if problem := _refused(path, is_folder=False):
                skipped.append(Skipped(_shown(source), *problem))
            else:
                yield FoundFile(source, path)


def _refused(path: Path, *, is_folder: bool) -> tuple[str, str] | None:
    """Why what stands in a folder is not read, as code and sentence."""
    if _is_unsafe(path.name):
        return _UNSAFE
    if path.name.startswith("."):
        return Reason.HIDDEN.value, "Its name begins with a dot. Name it yourself if it is meant."
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        return Reason.UNREADABLE.value, f"It cannot be read: {error.strerror}."
    if stat.S_ISLNK(mode):
        return (
            Reason.LINK.value,
            "It is a link, which may lead out of the folder. Name where it leads if that is meant.",
        )
    if not (is_folder or stat.S_ISREG(mode)):
        return Reason.SPECIAL_FILE.value, "It is no regular file."
    return None


def _is_unsafe(name: str) -> bool:
    return any(unicodedata.category(character)[0] == "C" for character in name)


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _shown(name: str) -> str:
    """A name that can be printed whatever it holds."""
    return "".join("\ufffd" if unicodedata.category(character)[0] == "C" else character for character in name)


def _matches(relative: str, patterns: Sequence[str]) -> bool:
    name = relative.rpartition("/")[2]
    return any(fnmatchcase(relative, pattern) or fnmatchcase(name, pattern) for pattern in patterns)


def _check_sources(files: list[FoundFile]) -> None:
    seen: dict[str, Path] = {}
    for file in files:
        other = seen.setdefault(file.source, file.path)
        if other != file.path:
            raise InvalidInput(
                "same_source",
                f"{other} and {file.path} would both be called {file.source!r}.",
                "Name the folder that holds both instead, once.",
                source=file.source,
            )
