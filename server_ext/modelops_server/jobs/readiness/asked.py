"""What is asked: a job as it would be submitted, and what the checks share when they look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelops.paths import StateHome
from modelops.registry import Artifact, Registry
from modelops.templates import Template
from modelops_server.jobs.queue.table import JobTable
from modelops_server.jobs.resources import Inventory, Request, declared
from modelops_server.jobs.spec import JobOptions


@dataclass(frozen=True)
class Asked:
    """A job as it would be submitted; the fields are those of :func:`~modelops_server.jobs.submission.submit`."""

    template: Template
    parameters: Mapping[str, Any]
    name: str | None = None
    executor: str = "local"
    kernel: str | None = None
    options: JobOptions = field(default_factory=JobOptions)
    priority: int = 0
    resources: Mapping[str, Any] = field(default_factory=dict)
    """``cpus``, ``gpus``, ``memory`` where they are not what the template declares."""
    after: tuple[str, ...] = ()
    folder: Path = field(default_factory=Path.cwd)
    """The folder that it would be started in: paths among its parameters go from there."""
    written_as: str | None = None
    """How the template is named on the command line, where that is not its name: the notebook's path."""

    @property
    def request(self) -> Request:
        """What the job would ask to hold."""
        wanted = declared(self.template, self.parameters)
        return Request.of(wanted, {"memory": self.options.memory, **_given(self.resources)})


@dataclass(frozen=True)
class Context:
    """What is known when a job whose parameters are right is looked at more closely."""

    home: StateHome
    asked: Asked
    values: Mapping[str, Any]
    """All parameters, defaults included."""
    artifacts: Mapping[str, Artifact]
    """The artifact that each reference parameter means now; what another job is yet to make is not among them."""
    python: str | None
    """The Python of the kernel, if it runs Python and lacks nothing that the template needs."""
    queue: JobTable
    registry: Registry
    inventory: Inventory
    patience: float | None
    """Seconds to wait for what takes long the first time; ``None``: until it is there."""

    def parameter(self, kind: str) -> str | None:
        """The name of the first parameter that refers to an artifact of this type, such as ``Model``."""
        return next((item.name for item in self.asked.template.parameters if item.reference == kind), None)

    def artifact(self, kind: str) -> Artifact | None:
        """The artifact that this parameter means."""
        name = self.parameter(kind)
        return self.artifacts.get(name) if name else None

    def blob(self, artifact: Artifact, path: str) -> Path | None:
        """The stored content of one of its files, unverified: for sizes and shapes, not for loading."""
        entry = next((file for file in artifact.files if file.path == path), None)
        return self.registry.blobs.path(entry.sha256) if entry else None


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
