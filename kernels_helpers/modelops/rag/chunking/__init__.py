"""Cutting documents into chunks: exact spans of the text, by headings, definitions, sentences or tokens."""

from __future__ import annotations

from modelops.rag.chunking.cutting import chunks_of, strategy_for
from modelops.rag.chunking.settings import ChunkSettings, Strategy

__all__ = ["ChunkSettings", "Strategy", "chunks_of", "strategy_for"]
