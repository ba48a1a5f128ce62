"""How transformers is asked to serve a model."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from modelops.errors import Unavailable
from modelops.machine.hardware import processor, torch_build
from modelops.paths import StateHome
from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.engines.engine import Engine, Launch
from modelops_server.endpoints.memory import Shape
from modelops_server.endpoints.servable import Servable

_OVERHEAD = 700 * 10**6
"""Bytes of Python, torch, transformers and buffers for computing."""


class Transformers(Engine):
    """Serves every model that can be evaluated, loaded as it was evaluated."""

    name = "transformers"
    title = "transformers"

    def require(self, home: StateHome, *, adapters: bool) -> None:
        """Raise ``Unavailable`` without torch and transformers."""
        if find_spec("torch") is None or find_spec("transformers") is None:
            raise Unavailable(
                "engine_missing",
                "This model is served by transformers, which is not installed.",
                "pip install 'jupyterlab-modelops[train]'",
            )

    def refuse(self, servable: Servable) -> None:
        """It serves whatever is loaded for an evaluation, and embedding models; those need sentence-transformers."""
        embeds = any(file.path == "modules.json" for file in servable.model.files)
        if embeds and find_spec("sentence_transformers") is None:
            raise Unavailable(
                "rag_not_installed",
                f"{servable.model.ref} makes vectors with sentence-transformers, which is not installed.",
                "pip install 'jupyterlab-modelops[rag]'",
            )

    def memory(self, shape: Shape, context: int, parallel: int) -> dict[str, int]:
        """Weights in the number format that is computed in, caches in the same, and what the process takes.

        The shares of checkpoints that stay rounded in memory are those of their files.
        """
        number = 2 if torch_build() in {"cuda", "rocm"} or processor().bf16 else 4
        return {
            "weights": max(shape.parameters * number, shape.weights),
            "adapters": shape.adapters,
            "cache": number * shape.cache_values(context, parallel),
            "process": _OVERHEAD,
        }

    def launch(self, assignment: Assignment, home: StateHome) -> Launch:
        """Our own process around transformers."""
        command = [sys.executable, "-P", "-m", "modelops_server.endpoints.engines.transformers"]
        return Launch(command, assignment.line())
