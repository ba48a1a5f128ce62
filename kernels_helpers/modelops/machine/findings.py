"""One finding about this machine, and all of them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Literal

from modelops.paths import StateHome

State = Literal["ok", "missing", "unavailable"]
"""``missing`` can be mended with a command; ``unavailable`` cannot be had on this machine."""


@dataclass(frozen=True)
class Finding:
    """What was found about one thing."""

    area: str
    name: str
    state: State
    detail: str
    needed_for: str = ""
    mend: str = ""
    """The command, or the step, that mends it."""
    required: bool = False
    """Whether the main job, fine-tuning in a notebook, cannot run without it."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def blocks(self) -> bool:
        """Whether the main job cannot run because of this."""
        return self.required and self.state != "ok"


def examine(home: StateHome | None = None) -> list[Finding]:
    """Every finding about this machine, Python environment and state home, by area; takes about a second."""
    from modelops.machine import hardware, jupyter, packages, storage

    home = home or StateHome.default()
    checks: list[Callable[[], Iterable[Finding]]] = [
        packages.python,
        packages.extras,
        packages.accelerated,
        hardware.processor_findings,
        hardware.memory_findings,
        hardware.accelerator_findings,
        jupyter.kernels,
        jupyter.extensions,
        lambda: storage.disk(home),
        lambda: storage.keys(home),
    ]
    # Some checks wait for a process to answer (nvidia-smi, another kernel's Python): they wait together.
    with ThreadPoolExecutor(len(checks)) as pool:
        return [finding for found in pool.map(lambda check: list(check()), checks) for finding in found]
