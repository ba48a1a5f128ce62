"""A search finds, filters, joins, caps and reranks, and says what each step thought."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from rag_index import TEXTS, cut, cut_all

from modelops.errors import InvalidInput
from modelops.rag.index import Index, open_index
from modelops.rag.retrieval import SearchSettings, search


@pytest.fixture
def index(make_index: Callable[..., Index]) -> Index:
    return make_index()


def found(index: Index, question: str, **settings: object) -> list[str]:
    return [hit.chunk.text for hit in search(index, question, SearchSettings.model_validate(settings))]


def test_words_find_only_what_holds_one(index: Index) -> None:
    assert found(index, "flour, electricity", method="bm25") == [
        "Solar panels turn light into electricity.",  # the shorter one
        "Bread is baked with flour and yeast.",
    ]
    assert found(index, "xylophone", method="bm25") == []


def test_vectors_rank_everything(index: Index) -> None:
    hits = search(index, "Water flows down.", SearchSettings(method="dense", top_k=100))
    assert len(hits) == 8
    assert hits[0].chunk.text == "Water flows down."
    assert hits[0].score == pytest.approx(1, abs=1e-5)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_both_are_joined_and_each_step_is_told(index: Index) -> None:
    hits = search(index, "Bread is baked with flour and yeast.", SearchSettings(top_k=8, fusion="reciprocal_rank"))
    first = hits[0]
    assert first.chunk.text == "Bread is baked with flour and yeast."
    assert {name: placed.rank for name, placed in first.steps.items()} == {"dense": 1, "bm25": 1, "fusion": 1}
    assert first.score == first.steps["fusion"].score == pytest.approx(2 / 61)
    assert first.document.source == first.chunk.source == "bread.md"
    by_vectors_alone = next(hit for hit in hits if "bm25" not in hit.steps)
    assert by_vectors_alone.score == pytest.approx(1 / (60 + by_vectors_alone.steps["dense"].rank))
    assert first.as_json()["steps"]["dense"]["rank"] == 1


def test_a_weight_of_one_leaves_one_retriever(index: Index) -> None:
    options = {"fusion": "weighted", "top_k": 3}
    dense = found(index, "water in the sea", method="dense", top_k=3)
    assert found(index, "water in the sea", dense_weight=1, **options) == dense
    words = found(index, "water in the sea", method="bm25", top_k=3)
    assert found(index, "water in the sea", dense_weight=0, **options)[: len(words)] == words


@pytest.mark.parametrize(
    ("settings", "sources"),
    [
        ({"sources": ["*.md"]}, {"cats.md", "bread.md"}),
        ({"sources": ["river.*", "cats.*"]}, {"cats.md", "river.txt"}),
        ({"media_types": ["text/plain"]}, {"solar.txt", "river.txt"}),
        ({"media_types": ["TEXT/*"], "sources": ["[rs]*"]}, {"solar.txt", "river.txt"}),
        ({"sources": ["*.pdf"]}, set()),
    ],
)
@pytest.mark.parametrize("method", ["dense", "bm25", "hybrid"])
def test_filters_bind_every_retriever(
    index: Index, settings: dict[str, list[str]], sources: set[str], method: str
) -> None:
    hits = search(
        index, "the day water and is", SearchSettings.model_validate({**settings, "method": method, "top_k": 8})
    )
    assert {hit.chunk.source for hit in hits} <= sources
    if method == "dense":
        assert {hit.chunk.source for hit in hits} == sources


def test_headings_are_filtered_in_whatever_letters(make_index: Callable[..., Index]) -> None:
    documents = [cut("a.md", "Bread.", headings=("Food", "Baking")), cut("b.md", "Bread.", headings=("Money",))]
    index = make_index(documents)
    hits = search(index, "bread", SearchSettings(headings=("bak*",)))
    assert [hit.chunk.source for hit in hits] == ["a.md"]


def test_what_is_below_a_threshold_is_left_out(index: Index) -> None:
    question = "the river flows"
    dense = search(index, question, SearchSettings(method="dense", top_k=8))
    least = dense[2].score
    assert len(found(index, question, method="dense", top_k=8, min_similarity=least)) == 3
    words = search(index, question, SearchSettings(method="bm25", top_k=8))
    assert len(found(index, question, method="bm25", top_k=8, min_bm25=words[0].score)) == 1
    fused = search(index, question, SearchSettings(top_k=8))
    assert len(found(index, question, top_k=8, min_score=fused[3].score)) == 4


def poisoned(make_index: Callable[..., Index]) -> Index:
    """A document that says what is asked, in 200 chunks."""
    many = (f"{'x' * (1 + number % 7)}{'!' * (number // 7)}" for number in range(200))
    poison = "\n".join(f"how is bread baked with flour {end}" for end in many)
    return make_index([*cut_all(TEXTS), cut("poison.txt", poison)])


@pytest.mark.parametrize("method", ["dense", "bm25", "hybrid"])
@pytest.mark.parametrize("diversity", [0, 0.3])
def test_no_document_fills_the_context_alone(make_index: Callable[..., Index], method: str, diversity: float) -> None:
    index = poisoned(make_index)
    question = "how is bread baked with flour"
    settings = {"method": method, "diversity": diversity, "top_k": 5}
    free = search(index, question, SearchSettings.model_validate({**settings, "diversity": 0}))
    assert {hit.chunk.source for hit in free} == {"poison.txt"}
    capped = search(index, question, SearchSettings.model_validate({**settings, "per_source": 2}))
    sources = [hit.chunk.source for hit in capped]
    assert sources.count("poison.txt") <= 2
    assert "bread.md" in sources


def test_equals_stand_in_the_order_of_the_index(make_index: Callable[..., Index]) -> None:
    # The same words for both retrievers, and not the same text.
    texts = {"d": "The same text.", "b": "the same text.", "c": "THE same text.", "a": "The Same text."}
    index = make_index([cut(f"{name}.txt", text) for name, text in texts.items()])
    for method in ("dense", "bm25", "hybrid"):
        hits = search(
            index, "same text", SearchSettings.model_validate({"method": method, "top_k": 3, "candidates": 3})
        )
        assert [hit.chunk.source for hit in hits] == ["a.txt", "b.txt", "c.txt"]


class Longest:
    """A reranker that likes long passages."""

    name = "longest"

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        return [float(len(passage)) for passage in passages]


def test_a_reranker_has_the_last_word(index: Index) -> None:
    hits = search(index, "water", SearchSettings(top_k=8), reranker=Longest())
    assert [hit.score for hit in hits] == sorted((len(hit.chunk.text) for hit in hits), reverse=True)
    assert hits[0].steps["reranker"].rank == 1
    assert {"dense", "fusion", "reranker"} <= hits[0].steps.keys()
    assert len(search(index, "water", SearchSettings(min_score=1000), reranker=Longest())) == 0


def test_without_its_embedder_an_index_is_searched_by_words(index: Index, tmp_path: Path) -> None:
    plain = open_index(tmp_path / "index")
    assert found(plain, "yeast", method="bm25") == ["Bread is baked with flour and yeast."]
    with pytest.raises(InvalidInput) as refused:
        search(plain, "yeast")
    assert refused.value.code == "embedder_needed"
    assert "tiny@1" in refused.value.message


def test_an_empty_question_is_refused(index: Index) -> None:
    with pytest.raises(InvalidInput) as refused:
        search(index, " \n")
    assert refused.value.code == "empty_question"


@pytest.mark.parametrize("wrong", [{"top_k": 0}, {"diversity": 2}, {"min_score": float("nan")}, {"unknown": 1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        SearchSettings.model_validate(wrong)


def test_candidates_are_the_best_of_many(make_index: Callable[..., Index]) -> None:
    firsts, seconds = ["bread", "water", "river", "cats", "day", "sea", "time"], ["flows", "is", "one", "two", "six"]
    words = [f"{first} {second}" for first in firsts for second in seconds]
    index = make_index([cut(f"{number:02}.txt", text) for number, text in enumerate(words)])
    all_scores = index.similarities("bread flows")
    expected = np.lexsort((np.arange(len(words)), -all_scores))[:4]
    hits = search(index, "bread flows", SearchSettings(method="dense", top_k=4, candidates=4))
    assert [hit.chunk.source for hit in hits] == [f"{number:02}.txt" for number in expected]


def test_a_passage_that_stands_in_many_places_is_found_once(make_index: Callable[..., Index]) -> None:
    texts = {"a/LICENCE": "Alpha.\n\nWater flows down.", "b/LICENCE": "Beta.\n\nWater  flows down."}
    index = make_index(cut_all(texts))
    for method in ("dense", "bm25", "hybrid"):
        hits = search(index, "Water flows down.", SearchSettings.model_validate({"method": method, "top_k": 10}))
        assert [hit.chunk.source for hit in hits if "flows" in hit.chunk.text] == ["a/LICENCE"]
    [other] = search(index, "Water flows down.", SearchSettings(method="bm25", sources=("b/*",)))
    assert other.chunk.source == "b/LICENCE"
