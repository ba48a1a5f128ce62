"""Who holds which GPU: one table for jobs and endpoints, which know nothing of each other.

A claim names the process that holds the GPU, and lasts as long as that lives: nothing has to be given back, and what
was killed holds nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from modelops.errors import InvalidInput, Unavailable
from modelops.files import write_atomic
from modelops.machine.gpus import gpus
from modelops.paths import StateHome
from modelops.registry.locks import locked
from modelops_server.processes import Identity

GPUS = "MODELOPS_GPUS"
"""Environment variable with the number of GPUs for jobs; those beyond the machine's are slots in name only."""

Kind = Literal["job", "endpoint"]


@dataclass(frozen=True)
class Claim:
    """A process that holds a GPU, and for what."""

    gpu: str
    """As ``CUDA_VISIBLE_DEVICES`` takes it."""
    kind: Kind
    name: str
    """The job's id, or the endpoint's name."""
    process: Identity

    @property
    def holder(self) -> str:
        """What holds it, in words."""
        return f"{self.kind} {self.name}"


def gpu_names(made_up: int | None = None) -> tuple[str, ...]:
    """The machine's GPUs, and made-up ones where more are wanted (by default by ``MODELOPS_GPUS``)."""
    names = tuple(gpu.id for gpu in gpus())
    wanted = number_in(GPUS) if made_up is None else made_up
    return (*names, *map(str, range(len(names), int(wanted or 0))))


def number_in(variable: str) -> float | None:
    """The number in an environment variable; raises ``InvalidInput`` (``invalid_inventory``) for what is none."""
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise InvalidInput("invalid_inventory", f"{variable} is {text!r}, not a number.", f"Write it as: {variable}=2")
    return number


def claims(home: StateHome) -> dict[str, Claim]:
    """What is held now, by GPU; raises ``Unavailable`` (``gpu_claims_damaged``) where that cannot be known."""
    table = home.root / "gpus.json"
    try:
        found = json.loads(table.read_bytes())
        listed = [Claim(**{**claim, "process": Identity(**claim["process"])}) for claim in found]
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError) as error:
        raise Unavailable(
            "gpu_claims_damaged",
            f"Which GPUs are held cannot be read: {table} is damaged.",
            f"Stop the endpoints and jobs that hold GPUs, then: rm {table}",
        ) from error
    return {claim.gpu: claim for claim in listed if claim.process.alive}


@contextmanager
def claiming(home: StateHome) -> Iterator[None]:
    """Hold while GPUs are chosen and claimed: one process of a state home does at a time."""
    with locked(home.root / ".gpus.lock", fcntl.LOCK_EX):
        yield


def claim(home: StateHome, names: Iterable[str], kind: Kind, name: str, process: Identity) -> None:
    """Enter who holds these GPUs, in the place of who did; for use while :func:`claiming`."""
    held = claims(home) | {gpu: Claim(gpu, kind, name, process) for gpu in names}
    content = [{**vars(one), "process": one.process.as_json()} for one in held.values()]
    write_atomic(home.root / "gpus.json", json.dumps(content, indent=2).encode(), mode=0o600)
