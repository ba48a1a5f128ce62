"""Answers of a model to every prompt of a dataset, kept as they come, and made a dataset of their own.

An endpoint is asked without torch, so what needs it is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops.generation.answers import Answer, Outcome, Refusal, Settings
    from modelops.generation.asking import ask_endpoint
    from modelops.generation.computing import answer_here
    from modelops.generation.journal import Journal
    from modelops.generation.output import Made, require_enough, write_answers
    from modelops.generation.prompts import Prompt, read_prompts
    from modelops.generation.sources import Served, check_sources, open_endpoint, refuse_gguf

_HOMES = {
    "Answer": "answers",
    "Journal": "journal",
    "Made": "output",
    "Outcome": "answers",
    "Prompt": "prompts",
    "Refusal": "answers",
    "Served": "sources",
    "Settings": "answers",
    "answer_here": "computing",
    "ask_endpoint": "asking",
    "check_sources": "sources",
    "open_endpoint": "sources",
    "read_prompts": "prompts",
    "refuse_gguf": "sources",
    "require_enough": "output",
    "write_answers": "output",
}

__all__ = [
    "Answer",
    "Journal",
    "Made",
    "Outcome",
    "Prompt",
    "Refusal",
    "Served",
    "Settings",
    "answer_here",
    "ask_endpoint",
    "check_sources",
    "open_endpoint",
    "read_prompts",
    "refuse_gguf",
    "require_enough",
    "write_answers",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
