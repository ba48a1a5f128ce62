"""Where state lives: the state home and the folders in it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StateHome:
    """The folder with all state, ``$MODELOPS_HOME`` or ``<jupyter data dir>/modelops``."""

    root: Path

    @classmethod
    def default(cls) -> StateHome:
        """The state home of this process's environment; nothing is created."""
        configured = os.environ.get("MODELOPS_HOME")
        if configured:
            return cls(Path(configured).expanduser().absolute())
        from jupyter_core.paths import jupyter_data_dir

        return cls(Path(jupyter_data_dir()) / "modelops")

    def is_writable(self) -> bool:
        """Whether files can be made in the state home, or the home itself where it does not exist yet."""
        nearest = self._nearest()
        return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)

    def free_bytes(self) -> int:
        """The space that is left where the state home is, or will be."""
        return shutil.disk_usage(self._nearest()).free

    def _nearest(self) -> Path:
        return next(folder for folder in (self.root, *self.root.parents) if folder.exists())

    @property
    def database(self) -> Path:
        return self.root / "modelops.db"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def envelopes(self) -> Path:
        return self.root / "envelopes"

    @property
    def log(self) -> Path:
        """The copy on disk of the log of everything published, from which the database can be rebuilt."""
        return self.root / "log"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    @property
    def templates(self) -> Path:
        """The user's own templates."""
        return self.root / "templates"

    @property
    def environments(self) -> Path:
        return self.root / "environments"

    @property
    def endpoints(self) -> Path:
        """A folder for each endpoint, by its name."""
        return self.root / "endpoints"

    @property
    def locks(self) -> Path:
        """Lock files of the user's own environments."""
        return self.root / "locks"

    @property
    def cache(self) -> Path:
        """What can be computed again: nothing is lost when it is removed."""
        return self.root / "cache"

    @property
    def scratch(self) -> Path:
        """Private, disposable folders: downloads, verified copies. Same file system as the blobs."""
        return self.root / "scratch"


def checkout() -> Path | None:
    """The repository that this package is imported from; ``None`` where it is installed from a wheel.

    An editable install keeps a copy of the repository's templates and metadata from the day it was made, so the
    repository itself is asked first.
    """
    root = Path(__file__).resolve().parents[2]
    return root if (root / "kernels_helpers" / "modelops").is_dir() and (root / "pyproject.toml").is_file() else None
