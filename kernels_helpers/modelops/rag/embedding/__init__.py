"""Texts as vectors: by a model that is loaded here or by an endpoint, each vector computed once and kept."""

from __future__ import annotations

from modelops.rag.embedding.computing import Embedded, embed_missing
from modelops.rag.embedding.embedder import Embedder, OnProgress, Vectors
from modelops.rag.embedding.endpoint import EndpointEmbedder, open_endpoint_embedder
from modelops.rag.embedding.journal import VectorJournal, text_digest
from modelops.rag.embedding.local import LocalEmbedder, open_embedder

__all__ = [
    "Embedded",
    "Embedder",
    "EndpointEmbedder",
    "LocalEmbedder",
    "OnProgress",
    "VectorJournal",
    "Vectors",
    "embed_missing",
    "open_embedder",
    "open_endpoint_embedder",
    "text_digest",
]
