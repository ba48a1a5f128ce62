"""An index of a few small documents."""

from __future__ import annotations

from rag_index import embedder, make_index, one_thread
from tiny_embedder import tiny_embedder_folder

__all__ = ["embedder", "make_index", "one_thread", "tiny_embedder_folder"]
