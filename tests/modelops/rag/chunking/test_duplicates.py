"""The same words are kept once, with all the places where they stand."""

from __future__ import annotations

from modelops.rag.chunking import Place, distinct_chunks
from modelops.rag.chunks import Chunk


def test_the_first_is_kept_and_the_other_places_are_named() -> None:
    chunks = [
        Chunk("a", 0, 9, "The words"),
        Chunk("a", 10, 15, "Other"),
        Chunk("b", 5, 15, "The\n  words", page=2),
        Chunk("c", 0, 9, "The words"),
        Chunk("c", 10, 19, "the words"),
    ]
    distinct = distinct_chunks(chunks)

    assert [found.chunk for found in distinct] == [chunks[0], chunks[1], chunks[4]]
    assert [found.count for found in distinct] == [3, 1, 1]
    assert distinct[0].others == (Place("b", 5, 15, 2), Place("c", 0, 9))


def test_nothing_has_no_chunks() -> None:
    assert distinct_chunks([]) == []
