"""Vectors that were computed are kept, whatever becomes of the process; damaged ones are not believed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from modelops.rag.embedding import OnProgress, VectorJournal, Vectors, embed_missing, text_digest

DIGEST = "a" * 64


def journal(folder: Path, digest: str = DIGEST, dimension: int = 4) -> VectorJournal:
    return VectorJournal(folder, digest=digest, dimension=dimension)


def rows(count: int) -> tuple[list[bytes], Vectors]:
    vectors = np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)
    return [text_digest(f"text {number}") for number in range(count)], vectors


def test_what_was_appended_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    digests, vectors = rows(5)
    first = journal(tmp_path)
    first.append(digests[:2], vectors[:2])
    first.append(digests[2:], vectors[2:])
    again = journal(tmp_path)
    assert list(again.vectors) == digests
    assert np.array_equal(np.stack(list(again.vectors.values())), vectors)


@pytest.mark.parametrize("lost", [1, 4, 51, 53, 150])
def test_a_record_that_was_cut_off_is_dropped_and_written_anew(tmp_path: Path, lost: int) -> None:
    digests, vectors = rows(5)
    journal(tmp_path).append(digests, vectors)
    file = next(tmp_path.glob("vectors-*"))
    file.write_bytes(file.read_bytes()[:-lost])
    again = journal(tmp_path)
    kept = len(again.vectors)
    assert kept == 5 - -(-lost // 52)
    again.append(digests[kept:], vectors[kept:])
    assert list(journal(tmp_path).vectors) == digests


def test_a_damaged_record_is_dropped_with_those_behind_it(tmp_path: Path) -> None:
    digests, vectors = rows(5)
    journal(tmp_path).append(digests, vectors)
    file = next(tmp_path.glob("vectors-*"))
    content = bytearray(file.read_bytes())
    content[-2 * 52 - 20] ^= 1
    file.write_bytes(content)
    assert list(journal(tmp_path).vectors) == digests[:2]


def test_vectors_of_another_embedder_or_size_are_not_taken(tmp_path: Path) -> None:
    journal(tmp_path).append(*rows(3))
    assert not journal(tmp_path, "b" * 64).vectors
    assert not journal(tmp_path, DIGEST, 8).vectors


class Counting:
    """An embedder whose vectors follow from the text, and which counts what it is asked for."""

    name, digest, dimension, max_tokens = "counting@1", DIGEST, 4, 100

    def __init__(self) -> None:
        self.asked: list[str] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def embed_documents(self, texts: Sequence[str], on_progress: OnProgress | None = None) -> Vectors:
        self.asked += texts
        return np.array([list(text_digest(text)[:4]) for text in texts], np.float32)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self.embed_documents(texts)


def test_only_what_is_not_known_is_computed_and_once(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    texts = [f"text {number % 300}" for number in range(700)]
    known = {text_digest("text 0"): np.full(4, 9, np.float32)}
    kept.append([text_digest("text 1")], np.full((1, 4), 8, np.float32))
    embedder, told = Counting(), list[tuple[int, int]]()
    found = embed_missing(texts, embedder, known=known, journal=kept, on_progress=lambda *so_far: told.append(so_far))
    assert sorted(embedder.asked) == sorted({*texts} - {"text 0", "text 1"})
    assert (found.computed, found.taken_over, found.repeated) == (298, 6, 396)
    assert found.vectors[0].tolist() == [9] * 4
    assert found.vectors[301].tolist() == [8] * 4
    assert found.vectors[2].tolist() == found.vectors[302].tolist() == list(text_digest("text 2")[:4])
    assert told[-1][1] == 700
    again = embed_missing(texts, embedder, known=known, journal=journal(tmp_path))
    assert again.computed == 0
    assert np.array_equal(again.vectors, found.vectors)
