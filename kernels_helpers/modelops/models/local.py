"""Takes a model from a folder or a ``.gguf`` file on this machine."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from modelops.errors import InvalidInput
from modelops.files import regular_files
from modelops.models.licences import find_licence
from modelops.models.pickles import refuse_pickle
from modelops.models.sources import Fetched, LocalSource, Progress, is_kept, without_weights


def fetch_local(source: LocalSource, scratch: Path, progress: Progress) -> Fetched:
    """The model at a path: a GGUF file as it is, a folder as a copy of the files that are kept.

    The copy is what is checked and signed, so nothing that happens to the original meanwhile can slip in between.
    """
    path = source.path
    if path.is_symlink():
        path = path.resolve()  # the user's own choice, unlike a link inside of the folder
    if path.is_file():
        if path.suffix.lower() != ".gguf":
            refuse_pickle(path)
            raise InvalidInput(
                "invalid_source", f"{path.name} is not a .gguf file.", "Give the folder that the model was saved in."
            )
        progress(f"Hashing {path.name}")
        digest = file_sha256(path)
        return Fetched(path, str(source), digest, f"sha256:{digest}")
    members = [(name, file) for name, file in regular_files(path) if not is_hidden(name)]
    kept = [(name, file) for name, file in members if is_kept(name)]
    left_out = tuple(name for name, _ in members if not is_kept(name))
    if not any(file.suffix == ".safetensors" for _, file in kept):
        ggufs = [file for _, file in members if file.suffix.lower() == ".gguf"]
        if len(ggufs) == 1:
            return fetch_local(LocalSource(ggufs[0]), scratch, progress)
        raise without_weights([name for name, _ in members], f"The folder {path.name}")
    progress(f"Copying {sum(file.stat().st_size for _, file in kept) / 1e6:.0f} MB")
    target = scratch / "files"
    for name, file in kept:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target / name)
    digest = folder_sha256(target)
    return Fetched(target, str(source), digest, f"sha256:{digest}", find_licence(target), left_out=left_out)


def is_hidden(name: str) -> bool:
    """Whether a path lies in or is something hidden, such as ``.git`` or a download cache."""
    return any(part.startswith(".") for part in name.split("/"))


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_sha256(folder: Path) -> str:
    """The SHA-256 of a folder: of its ``sha256sum`` lines, sorted by path."""
    lines = (f"{file_sha256(path)}  {name}\n" for name, path in regular_files(folder))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
