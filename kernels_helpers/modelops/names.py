"""Names, references and relative paths that are safe on every file system and in every URL."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from modelops.errors import InvalidInput

ArtifactKind = Literal["dataset", "model", "adapter", "index", "evaluation", "report"]

ModelForm = Literal["safetensors", "quantized", "gguf", "embedder", "reranker"]
"""In what a model is stored: whole numbers in safetensors files, rounded ones in such files, or a GGUF file; an
embedding model in whichever."""

JOB = "job:"
"""How a reference to the output of a job begins."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,94}[a-z0-9])?")
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
_FORBIDDEN = frozenset('<>:"|?*\\%')


def in_words(measure: str) -> str:
    """The name of a measure as a person reads it; the names of tasks stay as they are."""
    return measure if "/" in measure else measure.replace("_", " ")


def check_name(name: str, what: str = "name") -> str:
    """Return ``name`` if it may name an artifact, an alias or a template; raise ``InvalidInput`` if not."""
    if not _NAME.fullmatch(name) or ".." in name or name.split(".")[0] in _DEVICES:
        raise InvalidInput(
            "invalid_name",
            f"{name[:100]!r} is not a valid {what}.",
            "Use 1 to 96 lower-case letters, digits, '.', '_' and '-', beginning and ending with a letter or digit.",
            **{what.replace(" ", "_"): name[:100]},
        )
    return name


def check_member_path(path: str) -> str:
    """Return ``path`` if it is a safe relative POSIX path of a file in an artifact; raise ``InvalidInput`` if not."""
    if (
        not path
        or len(path.encode("utf-8", "surrogatepass")) > 1024
        or not all(_safe(part) for part in path.split("/"))
    ):
        raise InvalidInput(
            "invalid_path",
            f"{path[:100]!r} is not a safe relative path.",
            "Use plain relative names without '..', drive letters, control or reserved characters.",
            path=path[:100],
        )
    return path


def collision_key(path: str) -> str:
    """Two paths with the same key may be one file on some file system (case folding, Unicode forms)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())


def _safe(part: str) -> bool:
    if part in {"", ".", ".."} or part.casefold() == ".git" or len(part.encode("utf-8", "surrogatepass")) > 255:
        return False
    if part[-1] in ". " or part.split(".")[0].casefold() in _DEVICES:
        return False
    # Control, format (right-to-left override), surrogate and private characters can disguise a name.
    return not any(character in _FORBIDDEN or unicodedata.category(character)[0] == "C" for character in part)


@dataclass(frozen=True)
class Reference:
    """``name``, ``name@3`` or ``name@production``: without a selector, the newest version.

    Or what a job makes: ``job:sft-0tvnekde``, or ``job:sft-0tvnekde/name`` where it makes several artifacts.
    """

    name: str
    version: int | None = None
    alias: str | None = None
    job: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Parse a reference; raise ``InvalidInput`` if it is malformed."""
        if text.startswith(JOB):
            job, slash, name = text.removeprefix(JOB).partition("/")
            return cls(check_name(name, "artifact name") if slash else "", job=check_name(job, "job id"))
        name, at, selector = text.partition("@")
        check_name(name, "artifact name")
        if not at:
            return cls(name)
        if re.fullmatch(r"[1-9][0-9]{0,8}", selector):
            return cls(name, version=int(selector))
        if selector.isdigit():
            raise InvalidInput(
                "invalid_reference", f"{text[:200]!r} has no valid version.", "Versions count from 1, as in name@3."
            )
        return cls(name, alias=check_name(selector, "alias"))

    def __str__(self) -> str:
        if self.job is not None:
            return f"{JOB}{self.job}/{self.name}" if self.name else f"{JOB}{self.job}"
        selector = self.alias if self.version is None else self.version
        return self.name if selector is None else f"{self.name}@{selector}"
