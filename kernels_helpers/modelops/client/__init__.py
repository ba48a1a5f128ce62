"""The running server from Python: found by itself, asked over its REST API.

Loaded on first use: `modelops.Client` brings httpx along, and a command line that only shows progress does not need it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops.client.artifacts import Artifact
    from modelops.client.client import Client
    from modelops.client.endpoints import Endpoint
    from modelops.client.indexes import CitedReply, Index
    from modelops.client.jobs import Job, JobFailed
    from modelops.client.messages import Message
    from modelops.client.progress import Progress
    from modelops.client.replies import Reply

_HOMES = {
    "Artifact": "artifacts",
    "CitedReply": "indexes",
    "Client": "client",
    "Endpoint": "endpoints",
    "Index": "indexes",
    "Job": "jobs",
    "JobFailed": "jobs",
    "Message": "messages",
    "Progress": "progress",
    "Reply": "replies",
}

__all__ = ["Artifact", "CitedReply", "Client", "Endpoint", "Index", "Job", "JobFailed", "Message", "Progress", "Reply"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"modelops.client.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
