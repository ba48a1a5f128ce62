"""The answer of ``health``."""

from __future__ import annotations

from typing import Literal

from modelops_server.handlers.answers.base import Answer


class Health(Answer):
    """Whether this server can work; ``degraded`` when nothing new can be stored."""

    status: Literal["ok", "degraded"]
    version: str
    state_home: str
    state_home_writable: bool
    free_bytes: int
    disk_full: bool
