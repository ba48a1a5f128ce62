"""How an index is served."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from modelops.errors import Unavailable
from modelops.paths import StateHome
from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.engines.engine import Engine, Launch
from modelops_server.endpoints.memory import Shape
from modelops_server.endpoints.servable import Servable

_OVERHEAD = 700 * 10**6
"""Bytes of Python, torch, sentence-transformers, pyarrow and buffers for computing."""


class Retrieval(Engine):
    """Searches an index with the embedding model that it was made with."""

    name = "retrieval"
    title = "ModelOps"
    gpus = 0  # one short question at a time
    tasks = frozenset({"search"})

    def require(self, home: StateHome, *, adapters: bool) -> None:
        """Raise ``Unavailable`` without the extra ``rag``."""
        if any(find_spec(name) is None for name in ("sentence_transformers", "bm25s", "pyarrow")):
            raise Unavailable(
                "rag_not_installed",
                "An index is searched with sentence-transformers, bm25s and pyarrow, of which not all are installed.",
                "pip install 'jupyterlab-modelops[rag]'",
            )

    def refuse(self, servable: Servable) -> None:
        """It serves every index."""

    def refuse_shape(self, ref: str, shape: Shape) -> None:
        """Embedding models of every shape are loaded."""

    def memory(self, shape: Shape, context: int, parallel: int) -> dict[str, int]:
        """The index's own parts, its embedding model and reranker in float32, and what the process takes."""
        return {
            **(shape.index or {}),
            "embedder": max(4 * shape.parameters, shape.weights),
            "process": _OVERHEAD,
        }

    def launch(self, assignment: Assignment, home: StateHome) -> Launch:
        """Our own process."""
        command = [sys.executable, "-P", "-m", "modelops_server.endpoints.engines.retrieval"]
        return Launch(command, assignment.line())
