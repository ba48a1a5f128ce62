"""Sentences without a citation are found by their words, and only those."""

from __future__ import annotations

import pytest
from rag_hits import hit

from modelops.rag.answering import REFUSAL, attribute, cite

HITS = [hit("Cats sleep most of the day. A cat eats fish."), hit("Bread is baked with flour and yeast.", "bread.md")]


def test_a_sentence_without_a_citation_is_found_where_its_words_stand() -> None:
    answer = cite("Cats sleep by day [1]. Bread is baked with yeast. Dogs bark loudly at night.", HITS)
    [found] = attribute(answer)
    assert answer.text[slice(*found.sentence)] == "Bread is baked with yeast."
    assert (found.number, found.hit.chunk.source) == (2, "bread.md")
    assert found.highlight.text == "Bread is baked with flour and yeast."
    assert found.as_json()["highlight"]["share"] == 1


@pytest.mark.parametrize("text", [REFUSAL, "Yes. Cats!", "Cats sleep by day [1].", "", "Quantum physics is hard."])
def test_nothing_is_made_up(text: str) -> None:
    assert attribute(cite(text, HITS)) == []
