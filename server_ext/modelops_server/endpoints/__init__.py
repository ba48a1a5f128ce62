"""Endpoints: running servers of model artifacts, each with the OpenAI API and kept by a process of its own."""

from __future__ import annotations

from modelops_server.endpoints.endpoint import Endpoint, endpoints, find
from modelops_server.endpoints.manager import (
    remove,
    restart,
    revive,
    set_adapters,
    start,
    stop,
    wait_until_settled,
)
from modelops_server.endpoints.planning import Plan, plan
from modelops_server.endpoints.spec import Options
from modelops_server.endpoints.status import State

__all__ = [
    "Endpoint",
    "Options",
    "Plan",
    "State",
    "endpoints",
    "find",
    "plan",
    "remove",
    "restart",
    "revive",
    "set_adapters",
    "start",
    "stop",
    "wait_until_settled",
]
