"""ModelOps: train, evaluate, quantize, index and serve language models in notebooks that sign what they make."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from modelops import widgets
    from modelops.client import Client
    from modelops.events import (
        checkpoint_folder,
        log_artifact,
        log_metric,
        log_note,
        log_progress,
        log_sample,
        output_folder,
        run_identity,
    )
    from modelops.inputs import open_adapter, open_artifact

_HOMES = {
    "Client": "modelops.client",
    "checkpoint_folder": "modelops.events",
    "log_artifact": "modelops.events",
    "log_metric": "modelops.events",
    "log_note": "modelops.events",
    "log_progress": "modelops.events",
    "log_sample": "modelops.events",
    "open_adapter": "modelops.inputs",
    "open_artifact": "modelops.inputs",
    "output_folder": "modelops.events",
    "run_identity": "modelops.events",
}

__all__ = [
    "Client",
    "__version__",
    "checkpoint_folder",
    "log_artifact",
    "log_metric",
    "log_note",
    "log_progress",
    "log_sample",
    "open_adapter",
    "open_artifact",
    "output_folder",
    "run_identity",
    "widgets",
]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext modelops`` brings the cell magic ``%%chat``."""
    import_module("modelops.widgets.magic").load(shell)


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `import modelops` and `modelops --help` stay fast.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "widgets":
        return import_module("modelops.widgets")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
