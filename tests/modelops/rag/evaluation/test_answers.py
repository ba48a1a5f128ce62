"""What is measured of answers, and what a judge's word is taken for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelops.rag.answering import check, cite
from modelops.rag.evaluation import Examined, Place, Question, answer_measures, judge_messages, read_verdict
from modelops.rag.index import Index
from modelops.rag.retrieval import SearchSettings, search

ASKED = Question("1", "What is bread baked with?", (Place("bread.md", 0, 36),))
ABSENT = Question("2", "Who won the match?")


def _examined(index: Index, question: Question, text: str, verdict: bool | None = None) -> Examined:
    hits = search(index, "bread", SearchSettings(method="bm25", top_k=2))
    answer = cite(text, hits)
    return Examined(question, answer, check(answer, question.text), verdict)


def test_each_answer_counts_for_what_applies_to_it(make_index: Callable[..., Index]) -> None:
    index = make_index()
    hits = search(index, "bread", SearchSettings(method="bm25", top_k=2))
    right = next(number for number, hit in enumerate(hits, 1) if hit.chunk.start == 0)
    good = _examined(index, ASKED, f"Bread is baked with flour and yeast [{right}].")
    elsewhere = _examined(index, ASKED, f"Bread is baked with flour and 12 stones [{3 - right}]. It is good.")
    refused = _examined(index, ASKED, "not in these documents")

    assert good.values() == {
        "refused_wrongly": 0.0,
        "support": 1.0,
        "sentences_cited": 1.0,
        "cites_the_place": 1.0,
    }
    assert elsewhere.values()["cites_the_place"] == 0.0
    assert elsewhere.values()["numbers_in_passages"] == 0.0
    assert elsewhere.values()["support"] < 0.5
    assert elsewhere.values()["sentences_cited"] == 0.5
    assert refused.values() == {"refused_wrongly": 1.0}
    assert _examined(index, ABSENT, "not in these documents").values() == {"refused_rightly": 1.0}
    assert _examined(index, ABSENT, f"Bread won [{right}].").values() == {"refused_rightly": 0.0}

    measured = answer_measures([good, elsewhere, refused])
    assert measured["refused_wrongly"].value == pytest.approx(1 / 3)
    assert measured["cites_the_place"].n == 2
    assert "numbers_in_passages" not in measured  # of one answer alone nothing is said
    assert "judged_supported" not in measured


def test_a_judge_is_asked_for_one_word_and_taken_by_it(make_index: Callable[..., Index]) -> None:
    index = make_index()
    hits = search(index, "bread", SearchSettings(method="bm25", top_k=2))
    [message] = judge_messages("What?", "Flour.", hits)
    assert all(hit.chunk.text in message["content"] for hit in hits)
    assert [read_verdict(text) for text in ("Yes.", "**no**", "No, yes", "I know nothing", "")] == [
        True,
        False,
        False,
        None,
        None,
    ]
    judged = [_examined(index, ASKED, "Bread is baked [1].", verdict) for verdict in (True, False, None)]
    assert answer_measures(judged)["judged_supported"].value == 0.5
