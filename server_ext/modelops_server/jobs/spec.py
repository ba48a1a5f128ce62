"""What an attempt is given: the job's ``spec.json``, fixed at submission."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from modelops.errors import NotFound
from modelops.files import write_atomic
from modelops_server.jobs.states import ReasonCode

FILE = "spec.json"
INPUT = "input.ipynb"
OUTPUT = "output.ipynb"
RUNNER_LOCK = "runner.lock"
"""The living runner holds a lock on this file."""
RUNNER_LOG = "runner.log"
"""What the runner itself, and a kernel that did not get far enough to be heard, wrote to their streams."""


RETRIED = (ReasonCode.RUNNER_DIED, ReasonCode.TERMINATED, ReasonCode.KERNEL_NOT_STARTED)
"""Failures of the machine and not of the notebook: for these a job is tried again, if it has retries left."""


@dataclass(frozen=True)
class JobOptions:
    """Limits of a job; times in seconds, memory in bytes, ``None`` for none."""

    memory: int | None = None
    timeout: float | None = None
    cell_timeout: float | None = None
    start_timeout: float = 60.0
    grace: float = 5.0
    """How long a cell may take to end after an interrupt, before its kernel is killed."""
    retries: int | None = None
    """How often the job may be tried again by itself; ``None``: twice where the template can resume, else never."""
    retry_on: tuple[str, ...] = RETRIED
    """The reason codes for which it is."""


@dataclass(frozen=True)
class PinnedReference:
    """A reference parameter at submission: the exact artifact that it meant then."""

    parameter: str
    ref: str
    digest: str


@dataclass(frozen=True)
class DeferredReference:
    """A reference to what another job is going to make; pinned when that job has succeeded."""

    parameter: str
    ref: str
    kind: str


@dataclass(frozen=True)
class SecretReference:
    """A secret parameter: the environment variable that holds the value, which is written nowhere."""

    parameter: str
    variable: str


@dataclass(frozen=True)
class Submitted:
    """What the queue knew of a job when it was submitted, kept for a queue that has to be made anew."""

    at: str
    """RFC 3339."""
    name: str
    executor: str = "local"
    priority: int = 0
    cpus: float = 1.0
    gpus: int | None = None
    memory: int = 0
    retry_of: str | None = None
    idempotency_key: str | None = None
    after: tuple[str, ...] = ()
    """The jobs that it waited for."""


@dataclass(frozen=True)
class JobSpec:
    """A job as its runner sees it."""

    id: str
    template: str
    template_uri: str
    template_sha256: str
    kernel: str
    language: str
    working_directory: str
    parameters: dict[str, Any]
    references: tuple[PinnedReference, ...] = ()
    deferred: tuple[DeferredReference, ...] = ()
    secrets: tuple[SecretReference, ...] = ()
    requires: tuple[str, ...] = ()
    """Import names of the packages that the notebook needs."""
    resumable: bool = False
    notebook: str | None = None
    """Where the notebook lay that was submitted by its path; ``None`` where a template was, by its name."""
    finish_of: str | None = None
    """The job whose notebook ran to its end and whose outputs this one only has to store."""
    options: JobOptions = field(default_factory=JobOptions)
    submitted: Submitted | None = None

    def digest(self) -> str:
        """SHA-256 of the request: the same for the same request at another time."""
        request = {
            **asdict(self),
            "id": None,
            "submitted": None,
            "executor": self.submitted and self.submitted.executor,
        }
        return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write ``spec.json`` into the job's folder."""
        content = json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        write_atomic(folder / FILE, content.encode())

    @classmethod
    def find(cls, folder: Path) -> JobSpec:
        """The specification in a job's folder; raises ``NotFound`` with code ``job_folder_gone``."""
        try:
            return cls.read(folder)
        except OSError as error:
            raise NotFound(
                "job_folder_gone",
                f"The folder of job {folder.name} cannot be read: {error.strerror}.",
                "What it was given is not known any more; submit it anew.",
            ) from error

    @classmethod
    def read(cls, folder: Path) -> JobSpec:
        """The specification in a job's folder."""
        document = json.loads((folder / FILE).read_bytes())
        return cls(
            **{
                **document,
                "references": tuple(PinnedReference(**item) for item in document["references"]),
                "deferred": tuple(DeferredReference(**item) for item in document.get("deferred", ())),
                "secrets": tuple(SecretReference(**item) for item in document["secrets"]),
                "requires": tuple(document.get("requires", ())),
                "options": _options(document["options"]),
                "submitted": _submitted(document.get("submitted")),
            }
        )


def _options(document: dict[str, Any]) -> JobOptions:
    return JobOptions(**{**document, "retry_on": tuple(document.get("retry_on", RETRIED))})


def _submitted(document: dict[str, Any] | None) -> Submitted | None:
    return Submitted(**{**document, "after": tuple(document["after"])}) if document else None
