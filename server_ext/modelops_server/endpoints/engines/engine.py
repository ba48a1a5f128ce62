"""What an engine is: how it says whether it can serve something, what that takes, and how its process is started."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from modelops.paths import StateHome
from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.memory import Shape
from modelops_server.endpoints.servable import Servable
from modelops_server.endpoints.spec import EndpointSpec, Task

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Launch:
    """How an engine process is started."""

    command: Sequence[str]
    input: bytes = b""
    """What it reads on its standard input."""
    environment: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """Serves models. Its process listens on a Unix socket, with the OpenAI API below ``/v1`` and ``/health``."""

    name: str
    title: str
    gpus: int = 1
    """GPUs that it is given where nobody says how many, as far as the machine has any."""
    tasks: frozenset[Task] = frozenset({"generate", "embed"})
    """What it serves for; of all else it is not asked."""

    def require(self, home: StateHome, *, adapters: bool) -> None:
        """Raise ``Unavailable`` with what helps where it cannot run here, or not with adapters."""

    def refuse(self, servable: Servable) -> None:
        """Raise ``InvalidInput`` (``engine_cannot_serve``) for what it does not serve."""

    def refuse_shape(self, ref: str, shape: Shape) -> None:
        """Raise ``InvalidInput`` (``engine_cannot_serve``) for a model of a shape that it cannot compute."""

    def memory(self, shape: Shape, context: int, parallel: int) -> dict[str, int]:
        """Bytes that it takes, by part."""

    def prepare(
        self, assignment: Assignment, spec: EndpointSpec, home: StateHome, scratch: Path, progress: Progress
    ) -> Assignment:
        """The assignment with what the process loads: it may write that into ``scratch`` first.

        ``assignment`` names folders with verified files; most load them as they are. Raises ``ModelOpsError``.
        """
        return assignment

    def launch(self, assignment: Assignment, home: StateHome) -> Launch:
        """How the process is started for a prepared assignment."""

    def request(self, body: dict[str, Any], spec: EndpointSpec, adapter: str | None) -> dict[str, Any]:
        """A client's request as the process takes it, to be answered with one of the adapters or with none.

        For most the name of the model says which.
        """
        return body
