"""Answers from one's own documents: read, cut into chunks, embedded, searched, and cited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops.rag.retrieval.llama_index import as_retriever

__all__ = ["as_retriever"]


def __getattr__(name: str) -> Any:
    if name == "as_retriever":  # on first use: the process that reads documents needs nothing of it
        from modelops.rag.retrieval.llama_index import as_retriever

        return as_retriever
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
