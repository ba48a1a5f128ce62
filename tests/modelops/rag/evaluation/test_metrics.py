"""Metrics of rankings are those of ir-measures, to nine digits; and of a place only the first chunk counts."""

from __future__ import annotations

import random

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, P, R, nDCG

from modelops.rag.chunks import Chunk
from modelops.rag.evaluation import Judged, Place, Question, judge, per_question, retrieval_measures

_KS = (1, 3, 10)


def _random_judged(chance: random.Random) -> Judged:
    """At most one place for each chunk, some places never found, some found twice, fewer than ten chunks at times."""
    places = chance.randint(1, 6)
    length = chance.randint(0, 15)
    numbers = [chance.randrange(places) if chance.random() < 0.4 else None for _ in range(length)]
    grades = tuple(chance.randint(1, 3) for _ in range(places))
    return Judged(grades, tuple(() if number is None else (number,) for number in numbers))


def _as_run(judged: Judged, *, repeats: bool) -> tuple[dict[str, int], dict[str, float]]:
    """The same for ir-measures, which knows documents: a place is one, found where it is first covered.

    With ``repeats`` each chunk is a document of its own, as precision counts them.
    """
    relevant = {f"place{number}": grade for number, grade in enumerate(judged.grades)}
    run, seen = {}, set()
    for rank, some in enumerate(judged.covered):
        name = f"place{some[0]}" if some and some[0] not in seen else f"chunk{rank}"
        if some and repeats:
            relevant[name] = judged.grades[some[0]]
        seen |= set(some)
        run[name] = 100.0 - rank
    return relevant, run


def test_values_equal_those_of_ir_measures() -> None:
    chance = random.Random(0)
    judged = [_random_judged(chance) for _ in range(300)]
    ours = per_question(judged, _KS)

    for k in _KS:
        for name, measure, repeats in (
            (f"recall@{k}", R @ k, False),
            (f"mrr@{k}", RR @ k, False),
            (f"ndcg@{k}", nDCG @ k, False),
            (f"precision@{k}", P @ k, True),
        ):
            made = [_as_run(one, repeats=repeats) for one in judged]
            relevant = {str(number): qrels for number, (qrels, _) in enumerate(made)}
            # A question for which nothing is found is left out by others, and counts as 0.
            run = {str(number): found or {"nothing": 1.0} for number, (_, found) in enumerate(made)}
            theirs = {one.query_id: one.value for one in ir_measures.iter_calc([measure], relevant, run)}
            expected = [theirs[str(number)] for number in range(len(judged))]
            assert np.abs(ours[name] - expected).max() < 1e-9, name


def test_a_chunk_covers_a_place_when_they_share_half_of_the_shorter() -> None:
    place = Place("a.md", 100, 200)

    def covered(start: int, end: int, source: str = "a.md") -> bool:
        return place.is_covered_by(Chunk(source, start, end, "x" * (end - start)))

    assert covered(0, 1000)
    assert covered(150, 1000)
    assert not covered(151, 1000)
    assert covered(120, 140)  # a small chunk within a long place
    assert covered(190, 210)
    assert not covered(191, 211)
    assert not covered(200, 300)
    assert not covered(0, 1000, "b.md")
    assert Place("a.md").is_covered_by(Chunk("a.md", 7, 8, "x"))


def test_cutting_finer_gains_nothing() -> None:
    question = Question("1", "?", (Place("a", 0, 100), Place("b")))
    whole = judge(question, [[Chunk("a", 0, 100, "x" * 100)], [Chunk("c", 0, 9, "x" * 9)]])
    fine = judge(question, [[Chunk("a", 0, 50, "x" * 50)], [Chunk("a", 50, 100, "x" * 50)]])

    for name in ("recall@2", "mrr@2", "ndcg@2"):
        one, other = (per_question([judged], (2,))[name][0] for judged in (whole, fine))
        assert one == other
    assert per_question([whole, fine], (2,))["recall@2"].tolist() == [0.5, 0.5]
    assert per_question([whole, fine], (2,))["precision@2"].tolist() == [0.5, 1.0]


def test_a_chunk_with_all_places_is_no_better_than_perfect() -> None:
    judged = Judged((1, 1, 2), ((0, 1, 2), ()))
    values = per_question([judged], (2,))
    assert (values["ndcg@2"][0], values["recall@2"][0]) == (1.0, 1.0)


def test_each_measure_has_the_interval_of_its_mean_over_questions() -> None:
    chance = random.Random(1)
    values = per_question([_random_judged(chance) for _ in range(100)], (10,))
    measured = retrieval_measures(values)

    assert set(measured) == {"recall@10", "mrr@10", "ndcg@10", "precision@10"}
    for name, measure in measured.items():
        assert measure.value == pytest.approx(values[name].mean())
        assert 0 <= measure.low < measure.value < measure.high <= 1
        # Close to what the central limit theorem says.
        error = 1.96 * values[name].std() / 10
        assert measure.high - measure.low == pytest.approx(2 * error, rel=0.15)
