"""Passages that stand in several places, such as licences, kept once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from modelops.rag.chunks import Chunk


@dataclass(frozen=True)
class Place:
    """Where a passage stands as well."""

    source: str
    start: int
    end: int
    page: int | None = None


@dataclass(frozen=True)
class DistinctChunk:
    """A chunk, and the other places where the same words stand."""

    chunk: Chunk
    others: tuple[Place, ...] = ()

    @property
    def count(self) -> int:
        return 1 + len(self.others)


def distinct_chunks(chunks: Iterable[Chunk]) -> list[DistinctChunk]:
    """Chunks without those whose text came before, however its white space differs; in the order they came."""
    first: dict[bytes, Chunk] = {}
    others: dict[bytes, list[Place]] = {}
    for chunk in chunks:
        key = hashlib.sha256(" ".join(chunk.text.split()).encode("utf-8", "surrogatepass")).digest()
        if first.setdefault(key, chunk) is not chunk:
            others.setdefault(key, []).append(Place(chunk.source, chunk.start, chunk.end, chunk.page))
    return [DistinctChunk(chunk, tuple(others.get(key, ()))) for key, chunk in first.items()]
