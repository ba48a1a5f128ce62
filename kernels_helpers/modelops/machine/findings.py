"""All findings about this machine together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from modelops.machine import hardware, jupyter, packages, storage
from modelops.machine.finding import Finding
from modelops.paths import StateHome


def examine(home: StateHome | None = None) -> list[Finding]:
    """Every finding about this machine, Python environment and state home, by area; takes about a second."""
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
