"""Each step does what its formula says: compared with the formula written out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from modelops.rag.index import Index
from modelops.rag.index.records import WordsRecord
from modelops.rag.index.words import read_words, words_of, write_words
from modelops.rag.retrieval.diversity import choose
from modelops.rag.retrieval.fusion import by_reciprocal_rank, by_weighted_scores, ranked

TEXTS = [
    "the river flows to the sea",
    "the sea is long and the river is long too, river",
    "cats sleep",
    "read_csv reads a table; pandas.read_csv",
    "",
    "Straße und STRASSE, ﬁn 東京",
]


def bm25(question: str, texts: list[str], k1: float, b: float) -> list[float]:
    """BM25 as Lucene scores it: idf = ln(1 + (N - n + 0.5) / (n + 0.5)), without the factor k1 + 1."""
    bags = [Counter(words_of(text)) for text in texts]
    lengths = [bag.total() for bag in bags]
    average = sum(lengths) / len(lengths)
    scores = []
    for bag, length in zip(bags, lengths, strict=True):
        score = 0.0
        for word in words_of(question):
            n = sum(word in other for other in bags)
            idf = math.log(1 + (len(texts) - n + 0.5) / (n + 0.5))
            score += idf * bag[word] / (bag[word] + k1 * (1 - b + b * length / average))
        scores.append(score)
    return scores


@pytest.mark.parametrize(
    "question", ["river", "the long river", "river river", "read_csv", "csv", "nothing", "京", "?"]
)
@pytest.mark.parametrize(("k1", "b"), [(1.5, 0.75), (0.9, 0.4)])
def test_words_are_scored_by_bm25(question: str, k1: float, b: float, tmp_path: Path) -> None:
    write_words(TEXTS, WordsRecord(k1=k1, b=b), tmp_path / "bm25")
    scores = read_words(tmp_path / "bm25", len(TEXTS)).scores(question)
    assert scores.tolist() == pytest.approx(bm25(question, TEXTS, k1, b), abs=1e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Sea, the SEA!", ["the", "sea", "the", "sea"]),
        ("read_csv __init__", ["read_csv", "read", "csv", "__init__"]),
        ("Straße STRASSE ﬁn", ["strasse", "strasse", "fin"]),
        ("東京とGPU4", ["東", "京", "と", "gpu4"]),
        ("naïve — C++ 3.11", ["naïve", "c", "3", "11"]),
        ("", []),
    ],
)
def test_what_a_word_is(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_reciprocal_ranks_are_summed_up() -> None:
    rankings = {"dense": [(4, 0.9), (2, 0.8), (7, 0.1)], "bm25": [(2, 11.0), (9, 3.0)]}
    assert by_reciprocal_rank(rankings, 60) == pytest.approx({4: 1 / 61, 2: 1 / 62 + 1 / 61, 7: 1 / 63, 9: 1 / 62})
    assert [chunk for chunk, _ in ranked(by_reciprocal_rank(rankings, 60))] == [2, 4, 9, 7]


def test_weighted_scores_are_stretched_first() -> None:
    rankings = {"dense": [(4, 0.9), (2, 0.7), (7, 0.5)], "bm25": [(2, 11.0), (9, 3.0)]}
    fused = by_weighted_scores(rankings, {"dense": 0.25, "bm25": 0.75})
    assert fused == pytest.approx({4: 0.25, 2: 0.25 * 0.5 + 0.75, 7: 0.0, 9: 0.0})
    assert by_weighted_scores({"dense": [(1, 0.5), (0, 0.5)]}, {"dense": 1.0}) == {1: 1.0, 0: 1.0}


def test_equals_stand_in_the_order_of_the_index() -> None:
    assert ranked({5: 1.0, 3: 1.0, 4: 2.0}) == [(4, 2.0), (3, 1.0), (5, 1.0)]


def mmr(relevance: list[float], vectors: np.ndarray, most: int, diversity: float) -> list[int]:
    """Maximal marginal relevance, written out."""
    low, high = min(relevance), max(relevance)
    chosen: list[int] = []
    while len(chosen) < most:
        gains = {}
        for one in range(len(relevance)):
            if one not in chosen:
                closest = max((float(vectors[one] @ vectors[other]) for other in chosen), default=0.0)
                gains[one] = (1 - diversity) * (relevance[one] - low) / (high - low) - diversity * closest
        chosen.append(max(gains, key=lambda one: (gains[one], -one)))
    return chosen


@pytest.mark.parametrize("diversity", [0.1, 0.5, 0.9])
def test_variety_is_maximal_marginal_relevance(diversity: float) -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(30, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    relevance = sorted(generator.random(30).tolist(), reverse=True)
    ranking = [(100 + place, score) for place, score in enumerate(relevance)]
    options = {"most": 10, "diversity": diversity, "per_source": None}
    expected = [100 + place for place in mmr(relevance, vectors, 10, diversity)]
    assert choose(ranking, vectors, list(range(30)), **options) == expected
    assert expected != list(range(100, 110))


def test_without_variety_the_ranking_stays() -> None:
    ranking = [(3, 0.9), (1, 0.5), (2, 0.5), (0, 0.1)]
    vectors = np.ones((4, 1), np.float32)
    assert choose(ranking, vectors, [0, 0, 1, 1], most=3, diversity=0, per_source=None) == [3, 1, 2]
    assert choose(ranking, vectors, [0, 0, 1, 1], most=3, diversity=0, per_source=1) == [3, 2]
    assert choose([], vectors[:0], [], most=3, diversity=0.5, per_source=1) == []


def test_similarities_are_cosines(make_index: Callable[..., Index]) -> None:
    index = make_index()
    assert index.embedder is not None
    question = index.embedder.embed_queries(["does a cat sleep"])[0].astype(float)
    expected = [
        float(np.dot(vector, question) / np.linalg.norm(vector) / np.linalg.norm(question))
        for vector in index.vectors.astype(float)
    ]
    assert index.similarities("does a cat sleep").tolist() == pytest.approx(expected, abs=1e-6)
