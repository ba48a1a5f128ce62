"""Cutting documents into chunks: exact spans of the text, by headings, definitions, sentences or tokens."""

from __future__ import annotations

from modelops.rag.chunking.cutting import chunks_of, strategy_for
from modelops.rag.chunking.duplicates import DistinctChunk, Place, distinct_chunks
from modelops.rag.chunking.settings import ChunkSettings, Strategy

__all__ = ["ChunkSettings", "DistinctChunk", "Place", "Strategy", "chunks_of", "distinct_chunks", "strategy_for"]
