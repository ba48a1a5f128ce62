"""Rules for the set of paths in one artifact: each is safe, and no two are one file anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from modelops.errors import InvalidInput
from modelops.names import check_member_path, collision_key


def check_members(paths: Iterable[str]) -> None:
    """Raise ``InvalidInput`` with code ``invalid_path`` or ``name_collision`` unless ``paths`` can be one artifact.

    Folders count too: ``a/x`` and ``A/y`` collide, and so do a file ``a`` and a file ``a/x``.
    """
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        check_member_path(path)
        for parent in map(str, PurePosixPath(path).parents):
            if folders.setdefault(collision_key(parent), parent) != parent:
                raise _collision(folders[collision_key(parent)], parent)
        key = collision_key(path)
        if key in files:
            raise _collision(files[key], path)
        files[key] = path
    for key in files.keys() & folders.keys():
        raise _collision(files[key], folders[key])


def _collision(one: str, other: str) -> InvalidInput:
    return InvalidInput(
        "name_collision",
        f"{one!r} and {other!r} are one name on some file systems.",
        "Rename one of them.",
        files=[one, other],
    )
