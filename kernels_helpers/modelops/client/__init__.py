"""The running server from Python: found by itself, asked over its REST API.

Loaded on first use: `modelops.Client` brings httpx along, and a command line that only shows progress does not need it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops.client.artifacts import Artifact
    from modelops.client.client import Client
    from modelops.client.jobs import Job, JobFailed
    from modelops.client.messages import Message
    from modelops.client.progress import Progress

_HOMES = {
    "Artifact": "artifacts",
    "Client": "client",
    "Job": "jobs",
    "JobFailed": "jobs",
    "Message": "messages",
    "Progress": "progress",
}

__all__ = ["Artifact", "Client", "Job", "JobFailed", "Message", "Progress"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"modelops.client.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
