"""Judges what from_pretrained reports about weights that were missing, left over or of another shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput

_REASONS = {
    "missing_keys": "missing from the file, so that random values would take their place",
    "mismatched_keys": "of another shape than the configuration says",
    "unexpected_keys": "in the file but not in the model that the configuration describes",
}


def refuse_incomplete(report: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` with code ``incomplete_weights`` when a loading report names any tensor.

    ``report`` is what ``from_pretrained(..., output_loading_info=True)`` returns. transformers itself only warns.
    """
    for key, reason in _REASONS.items():
        names = sorted(name if isinstance(name, str) else str(name[0]) for name in report.get(key) or ())
        if names:
            raise InvalidInput(
                "incomplete_weights",
                f"{len(names)} tensors are {reason}: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}.",
                "Fetch the model again: configuration and weights must belong together.",
                tensors=names[:20],
            )


def refuse_missing(auto: Any, folder: Path, unused: tuple[str, ...] = ()) -> None:
    """The same for what an auto class of transformers reports of a folder; names that begin with ``unused`` may miss.

    sentence-transformers loads what is there and says nothing of what is not.
    """
    _, report = auto.from_pretrained(
        folder,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
    )
    refuse_incomplete(
        {
            key: [name for name in names if not str(name).startswith(unused)]
            for key, names in report.items()
            if key != "error_msgs"
        }
    )


CANNOT_LOAD = (ValueError, KeyError, ImportError, OSError, TypeError, AttributeError)
"""What loading a model that sentence-transformers does not know raises."""


def unsupported(error: Exception, version: str) -> InvalidInput:
    """The error that says why sentence-transformers of this version cannot load a model."""
    return InvalidInput(
        "unsupported_architecture",
        f"sentence-transformers cannot load this model: {str(error)[:300]}",
        f"Use a model that sentence-transformers {version} supports by itself.",
    )
