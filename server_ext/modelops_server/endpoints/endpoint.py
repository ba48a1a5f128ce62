"""An endpoint as it is now: what was asked for, and what its keeper said last, if that still holds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modelops.errors import NotFound, Unavailable
from modelops.paths import StateHome
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.spec import EndpointSpec
from modelops_server.endpoints.status import Reason, State, Status

START = 20.0
"""Seconds that a keeper has to say its first word."""

_LOST = Reason(
    code="keeper_died",
    detail="The endpoint's keeper was killed, and its engine with it.",
    hint="Start it again: modelops endpoints restart NAME",
)


@dataclass(frozen=True)
class Endpoint:
    """A running server of a model artifact, with the OpenAI API; or one that ran, or will."""

    place: Place
    spec: EndpointSpec
    status: Status

    @classmethod
    def read(cls, place: Place) -> Endpoint:
        """The endpoint at ``place``; raises ``NotFound``, and ``Unavailable`` for damaged files."""
        try:
            return cls(place, place.spec(), place.status())
        except FileNotFoundError as error:
            raise NotFound(
                "unknown_endpoint", f"There is no endpoint {place.name!r}.", "See `modelops endpoints list`."
            ) from error
        except ValueError as error:
            raise Unavailable(
                "endpoint_damaged",
                f"The files of the endpoint {place.name!r} cannot be read.",
                f"Remove it, and start it anew: modelops endpoints remove {place.name}",
            ) from error

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def lost(self) -> bool:
        """Whether its keeper died without a last word."""
        if self.status.state.ended:
            return False
        if self.status.keeper is None:
            return time.time() - datetime.fromisoformat(self.status.updated).timestamp() > START
        return not self.status.keeper.alive

    @property
    def state(self) -> State:
        """Where it is; one whose keeper died has failed."""
        return State.FAILED if self.lost else self.status.state

    @property
    def reason(self) -> Reason | None:
        """Why it ended, or was started anew."""
        return _LOST if self.lost else self.status.reason

    @property
    def ready(self) -> bool:
        """Whether requests are answered."""
        return self.state is State.READY

    def as_json(self) -> dict[str, Any]:
        """The endpoint as JSON; not where it listens."""
        status = self.status
        return {
            "name": self.name,
            "task": self.spec.task,
            "ref": self.spec.target.ref,
            "digest": self.spec.target.digest,
            "model": self.spec.model.ref,
            "embedder": self.spec.embedder.ref if self.spec.embedder else None,
            "reranker": self.spec.reranker.ref if self.spec.reranker else None,
            "adapters": [adapter.ref for adapter in self.spec.adapters],
            "engine": self.spec.engine,
            "gpus": list(self.spec.gpus),
            "options": self.spec.options.model_dump(),
            "state": self.state.value,
            "text": "" if self.lost else status.text,
            "reason": self.reason.model_dump() if self.reason else None,
            "model_names": list(status.model_names) if self.ready else [],
            "context": status.context,
            "created": self.spec.created,
            "ready_since": status.ready_since if self.ready else None,
            "restarts": status.restarts,
            "memory": None if self.lost else status.memory,
            "parity": list(status.parity),
        }


def find(home: StateHome, name: str) -> Endpoint:
    """The endpoint called ``name``; raises ``NotFound`` or ``InvalidInput``."""
    return Endpoint.read(Place.of(home, name))


def endpoints(home: StateHome) -> list[Endpoint]:
    """Every endpoint of a state home by its name; those whose files are damaged are left out."""
    found = []
    for folder in sorted(home.endpoints.glob("[!.]*")):
        try:
            found.append(find(home, folder.name))
        except (NotFound, Unavailable):
            continue
    return found
