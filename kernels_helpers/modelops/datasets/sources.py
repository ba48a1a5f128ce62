"""Finds the files of a dataset and the split each belongs to, and opens each with its reader."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from modelops.datasets.canonical import SPLITS
from modelops.datasets.csv_text import read_csv
from modelops.datasets.json_text import read_json, read_json_lines
from modelops.datasets.rows import BadRow, SourceRow, visible
from modelops.datasets.tables import read_parquet, read_saved
from modelops.errors import InvalidInput, NotFound

Reader = Callable[[Path, str], Iterator[SourceRow | BadRow]]

READERS: dict[str, Reader] = {
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
}
_KINDS = f"Supported are {', '.join(READERS)}, a folder with such files, and a folder saved by the datasets package."

# What the field calls its splits; the first word of a name decides, as in train-00000-of-00002.parquet or test_sft.
_SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "eval": "test",
    "test": "test",
    "heldout": "test",
}
# Descriptions of a dataset that are no rows of it.
_DESCRIPTIONS = {"datasheet.json", "dataset_dict.json", "dataset_info.json", "dataset_infos.json", "state.json"}


@dataclass(frozen=True)
class Source:
    """One file (or one saved split) of a dataset: its path, its name in reports, its split, how it is read."""

    path: Path
    name: str
    split: str
    reader: Reader

    def rows(self) -> Iterator[SourceRow | BadRow]:
        """Its rows in order; raise ``InvalidInput`` where the file as a whole cannot be read."""
        try:
            yield from self.reader(self.path, self.name)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def files(self) -> list[Path]:
        """The regular files behind it."""
        return sorted(filter(Path.is_file, self.path.iterdir())) if self.path.is_dir() else [self.path]


def digest(path: Path) -> str:
    """SHA-256 of a file's content; raise ``InvalidInput`` when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def find_sources(path: Path) -> tuple[Source, ...]:
    """The files of the dataset at ``path``, train first; raise ``NotFound`` or ``InvalidInput`` when there is none."""
    if not path.exists():
        raise NotFound(
            "file_not_found", f"There is no file or folder {str(path)!r}.", "Check the path.", path=str(path)
        )
    sources = _in_folder(path) if path.is_dir() else (_one_file(path),)
    splits = {source.split for source in sources}
    if "test" not in splits and "validation" in splits:
        # The only held-out rows there are.
        sources = tuple(
            Source(source.path, source.name, "test" if source.split == "validation" else source.split, source.reader)
            for source in sources
        )
    if "train" not in splits:
        raise InvalidInput(
            "no_train_split",
            f"{path.name} has held-out rows only, none to train on.",
            "Name the file to train on train.jsonl, or give the file itself.",
            splits=sorted(splits),
        )
    return tuple(sorted(sources, key=lambda source: (SPLITS.index(source.split), source.name)))


def _one_file(path: Path) -> Source:
    reader = READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        raise InvalidInput("unsupported_file", f"{path.name} is not a file this can read.", _KINDS, file=path.name)
    return Source(path, path.name, "train", reader)


def _unreadable(path: Path, error: OSError) -> InvalidInput:
    name = visible(path.name)
    return InvalidInput(
        "unreadable_file", f"{name} cannot be read: {error.strerror}.", "Check its permissions.", file=name
    )


def _in_folder(folder: Path) -> tuple[Source, ...]:
    if (folder / "dataset_dict.json").is_file():
        return tuple(Source(folder / name, name, _split(name, folder), read_saved) for name in _saved_splits(folder))
    if (folder / "state.json").is_file():
        return (Source(folder, folder.name, "train", read_saved),)
    files = [path for path in _data_files(folder) if path.name not in _DESCRIPTIONS]
    if not files:
        raise InvalidInput("no_data_files", f"{folder.name} holds no file this can read.", _KINDS, folder=folder.name)
    named = [path for path in files if _split_word(path.stem)]
    if named and len(named) < len(files):
        other = next(path for path in files if path not in named)
        raise _unknown_split(other.name, folder)
    return tuple(
        Source(
            path, path.relative_to(folder).as_posix(), _split_word(path.stem) or "train", READERS[path.suffix.lower()]
        )
        for path in files
    )


def _data_files(folder: Path) -> list[Path]:
    """Readable files in the folder itself and, as hubs lay them out, in its ``data`` folder."""
    places = [folder, folder / "data"]
    found = [path for place in places if place.is_dir() for path in sorted(place.iterdir())]
    return [path for path in found if path.is_file() and path.suffix.lower() in READERS and path.name[0] != "."]


def _saved_splits(folder: Path) -> list[str]:
    try:
        splits = json.loads((folder / "dataset_dict.json").read_bytes())["splits"]
        names = [str(name) for name in splits]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            "unreadable_file",
            "dataset_dict.json does not list the splits.",
            "Save the dataset again.",
            file="dataset_dict.json",
        ) from error
    for name in names:
        if name in {"", ".", ".."} or "/" in name or not (folder / name).is_dir():
            raise InvalidInput(
                "unreadable_file",
                f"dataset_dict.json names a split {name[:80]!r} that is not there.",
                "Save the dataset again.",
            )
    mapped = [_split(name, folder) for name in names]
    if len(set(mapped)) != len(mapped):
        raise InvalidInput(
            "ambiguous_splits",
            f"Several of the splits {visible(', '.join(names))} would become one.",
            f"Give the one to use, such as {visible(f'{folder.name}/{names[0]}')}.",
            splits=names,
        )
    return names


def _split(name: str, folder: Path) -> str:
    split = _split_word(name)
    if split is None:
        raise _unknown_split(name, folder)
    return split


def _split_word(name: str) -> str | None:
    return _SPLIT_WORDS.get(re.split(r"[-_.]", name.lower(), maxsplit=1)[0])


def _unknown_split(name: str, folder: Path) -> InvalidInput:
    return InvalidInput(
        "unknown_split",
        f"{visible(folder.name)} has {visible(name)}, of which nobody can tell whether it is for training or held out.",
        "Name files and splits train, validation or test, or give the one file to use.",
        file=name,
    )
