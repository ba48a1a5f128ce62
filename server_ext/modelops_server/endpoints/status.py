"""How an endpoint is, as its keeper says it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from modelops.errors import ModelOpsError
from modelops_server.processes import Identity


class State(StrEnum):
    """Where an endpoint is."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    """Its engine ended, and is started anew."""
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether it stays so until somebody starts the endpoint again."""
        return self in {State.STOPPED, State.FAILED}


class Reason(BaseModel):
    """Why it is not as it should be, or why it ended."""

    model_config = ConfigDict(frozen=True)

    code: str
    detail: str
    hint: str = ""

    @classmethod
    def of(cls, error: ModelOpsError) -> Reason:
        """What an error says."""
        return cls(code=error.code, detail=error.message, hint=error.hint)


class Status(BaseModel):
    """The keeper's last word."""

    model_config = ConfigDict(frozen=True)

    state: State
    text: str = ""
    """What is being done now."""
    reason: Reason | None = None
    keeper: Identity | None = None
    engine: Identity | None = None
    socket: str | None = None
    """Where the engine listens: a Unix socket in a folder that only its owner can enter."""
    model_names: tuple[str, ...] = ()
    """What a request may name."""
    context: int | None = None
    """Most tokens of prompt and answer of one request."""
    ready_since: str | None = None
    restarts: int = 0
    """How often the engine was started anew."""
    memory: int | None = None
    """Resident bytes of the engine."""
    parity: tuple[dict[str, Any], ...] = ()
    """For each model name that was compared with its evaluation, what was found."""
    updated: str = ""

    def saying(self, **changes: Any) -> Status:
        """The same but for the changes, as of now."""
        return self.model_copy(update={**changes, "updated": datetime.now(UTC).isoformat(timespec="milliseconds")})

    def ended(self, state: State, reason: Reason | None = None) -> Status:
        """Without an engine, for good."""
        gone = {"engine": None, "socket": None, "ready_since": None, "memory": None}
        return self.saying(state=state, text="", reason=reason, **gone)
