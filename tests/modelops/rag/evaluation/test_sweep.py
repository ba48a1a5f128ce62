"""A sweep: configurations on the same questions, what is kept when it is cut off, and what the report says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rag_index import cut_all

from modelops.errors import InvalidInput
from modelops.rag.embedding import LocalEmbedder, Vectors
from modelops.rag.evaluation import Configuration, Cut, Place, Question, Sweep, grid, judge, report, separation
from modelops.rag.index import Index
from modelops.rag.retrieval import SearchSettings, search

QUESTIONS = [
    Question("1", "Where does the river flow?", (Place("river.txt", 0, 27),)),
    Question("2", "How long do cats sleep?", (Place("cats.md", 0, 27),)),
    Question("3", "What turns light into electricity?", (Place("solar.txt"),)),
    Question("4", "Who won the match?"),
]
SETTINGS = SearchSettings(top_k=4)


class _Counting:
    """The tiny embedder, and how many texts it was asked for."""

    def __init__(self, embedder: LocalEmbedder) -> None:
        self.name, self.digest, self.dimension = embedder.name, embedder.digest, embedder.dimension
        self.max_tokens, self.count = embedder.max_tokens, embedder.count
        self._embedder = embedder
        self.documents = self.queries = 0

    def embed_documents(self, texts: Sequence[str], on_progress: object = None) -> Vectors:
        self.documents += len(texts)
        return self._embedder.embed_documents(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        self.queries += len(texts)
        return self._embedder.embed_queries(texts)


class _Lengths:
    """A reranker that likes long passages."""

    name = "lengths"

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        return [float(len(passage)) for passage in passages]


def test_a_grid_has_each_combination_once() -> None:
    found = grid(
        SETTINGS,
        methods=["dense", "bm25", "hybrid"],
        dense_weights=[0.3, 0.7],
        rerankers=["r@1"],
        chunk_sizes=[64, 32],
        overlaps=[0, 24],
        embedders=["e@1"],
    )
    names = [one.name for one in found]
    assert len(names) == len(set(names)) == 2 * 2 * 2 * (1 + 1 + 3)
    assert "hybrid 0.3 + r@1 · 32/16 · e@1" in names  # half of the chunk, not more
    assert all(one.search.top_k == 4 for one in found)
    # Words are searched without an embedder: once is enough.
    once = grid(SETTINGS, methods=["bm25", "dense"], embedders=["e@1", "f@1"])
    assert [one.name for one in once] == ["bm25", "dense · e@1", "dense · f@1"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"methods": []}, "no_configurations"),
        ({"methods": ["dense"], "overlaps": [0]}, "invalid_chunking"),
        ({"methods": ["dense"], "chunk_sizes": list(range(16, 300))}, "too_many_configurations"),
    ],
)
def test_what_cannot_be_tried_is_refused(options: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput) as error:
        grid(SETTINGS, **options)
    assert error.value.code == code


def test_results_are_those_of_searching(make_index: Callable[..., Index], tmp_path: Path) -> None:
    index = make_index()
    configurations = grid(SETTINGS, methods=["dense", "bm25", "hybrid"], dense_weights=[0.9], rerankers=["long"])
    results = Sweep(index, QUESTIONS, tmp_path / "kept", rerankers=[("long", _Lengths())]).run(configurations)

    assert [result.configuration for result in results] == configurations
    for result in results:
        reranker = _Lengths() if result.configuration.reranker else None
        for question in QUESTIONS:
            hits = search(index, question.text, result.configuration.search, reranker=reranker)
            found = result.found[question.id]
            expected = judge(question, [[hit.chunk] for hit in hits]) if question.answerable else None
            assert found.judged == expected
            assert found.score == (hits[0].score if hits else None)
            assert found.seconds > 0


def test_other_chunks_are_cut_from_the_documents_that_the_index_holds(
    make_index: Callable[..., Index], embedder: LocalEmbedder, tmp_path: Path
) -> None:
    index = make_index()
    counting = _Counting(embedder)
    own = replace(index, embedder=counting)
    configurations = [Configuration(SETTINGS, Cut(size, 0, "token")) for size in (16, 64)] + [
        Configuration(SETTINGS),
        Configuration(SETTINGS.model_copy(update={"method": "dense"}), Cut(64, 0, "token")),
    ]
    sweep = Sweep(own, QUESTIONS, tmp_path / "kept")
    results = sweep.run(configurations)

    assert results[0].chunks > results[1].chunks == results[3].chunks == len(index.documents)
    assert results[2].chunks == len(index.chunks)
    # Each text and each question once, whatever number of configurations asks for it.
    assert counting.queries == len(QUESTIONS)
    computed = counting.documents
    assert computed <= results[0].chunks + results[1].chunks
    assert all(result.found["3"].judged is not None for result in results)
    again = Sweep(replace(index, embedder=counting), QUESTIONS, tmp_path / "kept")
    again.run([Configuration(SETTINGS.model_copy(update={"top_k": 2}), Cut(16, 0, "token"))])
    assert counting.documents == computed


def test_a_passage_that_stands_twice_is_found_in_both_places(make_index: Callable[..., Index], tmp_path: Path) -> None:
    licence = "Cats sleep most of the day."
    index = make_index(cut_all({"a.txt": licence, "b.txt": f"The river.\n\n{licence}", "c.txt": "Bread is baked."}))
    questions = [Question("1", "cats sleep", (Place("b.txt", 12, 39),)), Question("2", "bread", (Place("c.txt"),))]
    [result] = Sweep(index, questions, tmp_path / "kept").run(grid(SETTINGS, methods=["bm25"]))
    assert result.found["1"].first == ("a.txt", 0, 27)
    judged = result.found["1"].judged
    assert judged is not None
    assert judged.covered[0] == (0,)


def test_another_embedder_embeds_the_same_chunks(
    make_index: Callable[..., Index], embedder: LocalEmbedder, tmp_path: Path
) -> None:
    other = _Counting(embedder)
    other.name, other.digest = "other@1", "2" * 64
    index = make_index()
    [own, theirs] = Sweep(index, QUESTIONS, tmp_path / "kept", embedders=[other]).run(
        [Configuration(SETTINGS), Configuration(SETTINGS, embedder="other@1")]
    )
    assert theirs.chunks == own.chunks == other.documents
    # The same vectors under another name find the same.
    assert [found.judged for found in theirs.found.values()] == [found.judged for found in own.found.values()]


def test_a_sweep_that_was_cut_off_goes_on_where_it_was(make_index: Callable[..., Index], tmp_path: Path) -> None:
    index = make_index()
    configurations = grid(SETTINGS, methods=["dense", "bm25", "hybrid"], chunk_sizes=[16, 64], overlaps=[0])
    whole = Sweep(index, QUESTIONS, tmp_path / "whole").run(configurations)

    def stop(done: int, total: int) -> None:
        assert total == 6 * len(QUESTIONS)
        if done == 2 * len(QUESTIONS) + 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Sweep(index, QUESTIONS, tmp_path / "kept").run(configurations, on_progress=stop)
    # What is written when the power fails.
    with (tmp_path / "kept" / "configurations.jsonl").open("ab") as journal:
        journal.write(b'{"configuration": "half of a')
    heard: list[int] = []
    again = Sweep(index, QUESTIONS, tmp_path / "kept").run(
        configurations, on_progress=lambda done, _: heard.append(done)
    )

    assert heard[0] == 2 * len(QUESTIONS)
    assert heard[-1] == 6 * len(QUESTIONS)
    for one, other in zip(whole, again, strict=True):
        assert [(found.judged, found.score) for found in one.found.values()] == [
            (found.judged, found.score) for found in other.found.values()
        ]
    assert len((tmp_path / "kept" / "configurations.jsonl").read_text().splitlines()) == 6


def test_the_report_ranks_and_says_what_cannot_be_told(make_index: Callable[..., Index], tmp_path: Path) -> None:
    configurations = grid(SETTINGS, methods=["dense", "bm25"])
    results = Sweep(make_index(), QUESTIONS, tmp_path / "kept").run(configurations)
    found = report(results, k=4)

    assert found.ids == ["1", "2", "3"]
    assert found.ranking.best is None
    assert found.verdict.startswith("No configuration is best beyond doubt")
    values = [row.measures["ndcg@4"].value for row in found.rows]
    assert values == sorted(values, reverse=True)
    document = found.as_json()
    assert document["leader"] == found.rows[0].name
    assert document["configurations"][0]["measures"]["recall@4"]["n"] == 3
    assert len(document["comparisons"]) == 1
    with pytest.raises(InvalidInput) as error:
        report(results, k=5)
    assert error.value.code == "k_too_large"
    with pytest.raises(InvalidInput) as error:
        report(Sweep(make_index(name="b"), QUESTIONS[2:], tmp_path / "b-kept").run(configurations), k=4)
    assert error.value.code == "too_few_rows"


def test_each_question_has_an_id_of_its_own(make_index: Callable[..., Index], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        Sweep(make_index(), [QUESTIONS[0], QUESTIONS[0]], tmp_path / "kept")
    assert error.value.code == "invalid_questions"
    with pytest.raises(InvalidInput) as error:
        Sweep(make_index(name="b"), [], tmp_path / "kept")
    assert error.value.code == "no_questions"


def test_scores_tell_what_has_an_answer(make_index: Callable[..., Index], tmp_path: Path) -> None:
    absent = [Question("x", "zzz qqq"), Question("y", "Xylophones?")]
    questions = [*QUESTIONS[:3], *absent]
    [result] = Sweep(make_index(), questions, tmp_path / "kept").run(grid(SETTINGS, methods=["bm25"]))
    assert separation(result) == 1.0
    [alone] = Sweep(make_index(name="b"), QUESTIONS[:3], tmp_path / "alone").run(grid(SETTINGS, methods=["bm25"]))
    assert separation(alone) is None
