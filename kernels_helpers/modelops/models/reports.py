"""Judges what from_pretrained reports about weights that were missing, left over or of another shape."""

from __future__ import annotations

from collections.abc import Mapping
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
