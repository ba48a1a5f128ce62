"""Finds the chunks that answer a question: by vectors, by words, by both; filtered, varied, reranked."""

from __future__ import annotations

from modelops.rag.retrieval.hits import Hit, Placed
from modelops.rag.retrieval.own_text import found_by_own_text
from modelops.rag.retrieval.reranking import Reranker, load_reranker, reranker_names
from modelops.rag.retrieval.searching import search
from modelops.rag.retrieval.settings import SearchSettings

__all__ = [
    "Hit",
    "Placed",
    "Reranker",
    "SearchSettings",
    "found_by_own_text",
    "load_reranker",
    "reranker_names",
    "search",
]
