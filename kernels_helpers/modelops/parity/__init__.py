"""Served as evaluated: golden prompts, recorded from a model as it is evaluated, and compared with an endpoint.

What needs torch or transformers is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelops.parity.comparing import compare
from modelops.parity.finding import find_golden
from modelops.parity.golden import FILE, Golden, GoldenAnswer, Likely, read_golden
from modelops.parity.prompts import Messages, Prompt
from modelops.parity.replies import Endpoint, Reply, Served, ServedStep, chat_request, completion_request, read_reply
from modelops.parity.results import Divergence, Parity

if TYPE_CHECKING:
    from modelops.parity.importing import import_with_golden
    from modelops.parity.recording import record_golden, write_golden

_HOMES = {"import_with_golden": "importing", "record_golden": "recording", "write_golden": "recording"}

__all__ = [
    "FILE",
    "Divergence",
    "Endpoint",
    "Golden",
    "GoldenAnswer",
    "Likely",
    "Messages",
    "Parity",
    "Prompt",
    "Reply",
    "Served",
    "ServedStep",
    "chat_request",
    "compare",
    "completion_request",
    "find_golden",
    "import_with_golden",
    "read_golden",
    "read_reply",
    "record_golden",
    "write_golden",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
