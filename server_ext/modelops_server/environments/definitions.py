"""What an environment consists of: its lock file, shipped with the package or written by the user."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from modelops.errors import InvalidInput, NotFound
from modelops.names import check_name
from modelops.paths import StateHome

SHIPPED = Path(__file__).parent / "locks"

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


def _relative(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError("a path inside of the archive is needed")
    return path


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Package(_Part):
    """A distribution of exactly one version, of which any of these files will do."""

    name: Name
    version: str
    download: int = Field(gt=0)
    """Bytes of the largest file that may be downloaded."""
    sha256: list[Sha256] = Field(min_length=1)
    build: bool = False
    """Whether it is compiled here, from its source distribution."""

    @property
    def requirement(self) -> str:
        """The line of a requirements file, with its hashes."""
        return f"{self.name}=={self.version} " + " ".join(f"--hash=sha256:{digest}" for digest in self.sha256)


class Source(Package):
    """A source distribution of which some files are kept as they are; nothing of it is installed."""

    keep: list[Annotated[str, AfterValidator(_relative)]] = Field(min_length=1)
    """Patterns of paths below the archive's only folder."""
    strip: Annotated[str, AfterValidator(_relative)] = ""
    """The folder of the archive that becomes the environment's ``share``."""


class Lock(_Part):
    """The lock file: a TOML document."""

    title: str = Field(min_length=1, max_length=60)
    summary: str = Field(min_length=1, max_length=400)
    python: str
    """Versions of Python for which the lock was made."""
    host: list[str] = []
    """Packages that it takes from where ModelOps itself is installed, as requirements."""
    isolated: bool = False
    """Whether it sees of those packages only the ones in ``host``; otherwise it stands on all."""
    imports: list[str] = []
    """Modules that must be importable in the end."""
    tools: list[str] = []
    """Programs that must be there to build it."""
    provides: list[Name] = []
    """Environments in whose place it can be used, because it has all that they have."""
    disk: int = Field(gt=0)
    """Bytes that it takes, as measured when the lock was made."""
    minutes: float = Field(gt=0)
    """How long it took on two processor cores."""
    package: list[Package] = []
    source: list[Source] = []


class Definition:
    """A lock file and its name."""

    def __init__(self, path: Path) -> None:
        """Read it; raises ``InvalidInput`` with code ``invalid_environment`` and every problem."""
        content = path.read_bytes()
        self.name = check_name(path.stem, "environment name")
        self.sha256 = hashlib.sha256(content).hexdigest()
        """Of the lock file."""
        try:
            self.lock = Lock.model_validate(tomllib.loads(content.decode()))
            self.host = [Requirement(line) for line in self.lock.host]
            self.python = SpecifierSet(self.lock.python)
        except (ValueError, ValidationError) as error:
            problems = (
                "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:5])
                if isinstance(error, ValidationError)
                else str(error)
            )
            raise InvalidInput(
                "invalid_environment",
                f"{path.name} does not describe an environment: {problems}.",
                "See docs/environments.md for what a lock file holds.",
            ) from error

    @property
    def kernel(self) -> str:
        """The name of its kernelspec."""
        return f"modelops-{self.name}"

    @property
    def download(self) -> int:
        """Bytes to download at most."""
        return sum(part.download for part in (*self.lock.package, *self.lock.source))


def definitions(home: StateHome) -> dict[str, Definition]:
    """Every environment that can be made, by name: those shipped, and the user's own, which come first."""
    files = {path.stem: path for folder in (SHIPPED, home.locks) for path in sorted(folder.glob("*.toml"))}
    return {name: Definition(path) for name, path in sorted(files.items())}


def definition(home: StateHome, name: str) -> Definition:
    """The environment called ``name``; raises ``NotFound`` with those there are."""
    found = definitions(home)
    if name not in found:
        raise NotFound(
            "unknown_environment", f"There is no environment {name!r}.", f"Choose one of: {', '.join(found)}."
        )
    return found[name]
