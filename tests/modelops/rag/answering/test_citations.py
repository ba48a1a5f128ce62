"""Each number behind a sentence stands for a passage that the model was given, and for the sentence there that fits."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rag_hits import hit

from modelops.rag.answering import Answer, AnswerReader, Citation, Text, cite

CATS = "Cats sleep most of the day. A cat finds its way by 12,000 smells.\n\nIt likes fish."
BREAD = "Bread is baked with flour and yeast. Time and water make bread."
HITS = [hit(CATS, page=3), hit(BREAD, "bread.md", begin=100, headings=("Food",))]


def cited(text: str) -> list[tuple[int, str]]:
    """The numbers of an answer, each with the sentence of its passage that is shown."""
    return [(one.number, one.highlight.text if one.highlight else "") for one in cite(text, HITS).citations]


def test_a_citation_leads_to_the_sentence_that_shares_most_words() -> None:
    answer = cite("A cat smells its way [1]. Yeast and flour are baked [2].", HITS)
    first, second = answer.citations
    assert first.highlight is not None
    assert second.highlight is not None
    assert first.highlight.text == "A cat finds its way by 12,000 smells."
    assert second.highlight.text == "Bread is baked with flour and yeast."
    document = second.hit.document.text
    assert document[second.highlight.start : second.highlight.end] == second.highlight.text
    assert second.highlight.share == 1
    assert answer.text[second.sentence[0] : second.sentence[1]] == "Yeast and flour are baked [2]."
    assert answer.text[second.at :].startswith("[2]")


def test_a_citation_tells_where_it_leads() -> None:
    [told] = cite("Bread is baked [2].", HITS).as_json()["citations"]
    assert (told["source"], told["start"], told["end"]) == ("bread.md", 100, 100 + len(BREAD))
    assert (told["headings"], told["page"]) == (["Food"], None)
    assert told["highlight"] == {"start": 100, "end": 136, "page": None, "text": BREAD[:36], "share": 1.0}


@pytest.mark.parametrize(
    ("written", "shown", "numbers"),
    [
        ("Cats sleep [1, 2].", "Cats sleep [1][2].", [1, 2]),
        ("Cats sleep [1][2].", "Cats sleep [1][2].", [1, 2]),
        ("Cats sleep [1-2].", "Cats sleep [1][2].", [1, 2]),
        ("Cats sleep [passage 2].", "Cats sleep [2].", [2]),
        ("Cats sleep. [1]", "Cats sleep. [1]", [1]),
        ("[1] says that cats sleep.", "[1] says that cats sleep.", [1]),
        ("Cats sleep [1](http://x.example).", "Cats sleep [1] (`http://x.example`).", [1]),
        ("Cats sleep `a[1]`.", "Cats sleep `a[1]`.", []),
        ("```\na[1]\n```\n", "```\na[1]\n```\n", []),
        ("Cats sleep [x].", "Cats sleep [x].", []),
    ],
)
def test_citations_are_read_however_they_are_written(written: str, shown: str, numbers: list[int]) -> None:
    answer = cite(written, HITS)
    assert answer.text == shown
    assert [one.number for one in answer.citations] == numbers
    assert answer.removed == 0


@pytest.mark.parametrize(
    ("written", "shown", "removed"),
    [
        ("Cats sleep [3].", "Cats sleep.", 1),
        ("Cats sleep [1, 7].", "Cats sleep [1].", 1),
        ("Cats sleep [0] and [99] eat.", "Cats sleep and eat.", 2),
        ("Cats sleep [1-9].", "Cats sleep [1][2].", 7),
    ],
)
def test_citations_of_passages_that_were_not_given_are_removed_and_counted(
    written: str, shown: str, removed: int
) -> None:
    answer = cite(written, HITS)
    assert (answer.text, answer.removed) == (shown, removed)


def test_a_passage_without_a_word_of_the_sentence_has_no_highlight() -> None:
    assert cited("Quantum physics [1].") == [(1, "")]


def test_passages_of_other_languages_are_compared_by_their_own_stems() -> None:
    german = hit("Die Katzen schlafen meistens. Das Brot wird mit Mehl gebacken.")
    [citation] = cite("Brot backt man mit Mehl [1].", [german]).citations
    assert citation.highlight is not None
    assert citation.highlight.text == "Das Brot wird mit Mehl gebacken."


def read(pieces: Iterable[str]) -> tuple[str, list[Citation], Answer]:
    reader, text, citations = AnswerReader(HITS), "", []
    for piece in pieces:
        for event in reader.feed(piece):
            if isinstance(event, Text):
                text += event.text
            else:
                citations.append(event)
    for event in reader.close():
        if isinstance(event, Text):
            text += event.text
        else:
            citations.append(event)
    return text, citations, reader.answer


def test_a_citation_comes_once_its_sentence_has_ended() -> None:
    reader = AnswerReader(HITS)
    assert [*reader.feed("Cats sleep [1], ")] == [Text("Cats sleep [1],")]
    assert [*reader.feed("most of the day. ")] == [Text(" most of the day.")]
    text, citation = reader.feed("Bread ")
    assert text == Text(" Bread")
    assert isinstance(citation, Citation)
    assert reader.answer.text[slice(*citation.sentence)] == "Cats sleep [1], most of the day."


PARTS = [
    *[
        "[1]",
        "[1, 2]",
        "[7]",
        "[",
        "]",
        "![",
        "(http://x.example)",
        "[a]: /x",
        "<img src=x>",
        "www.x.example",
        "a@b.example",
    ],
    *["`", "``", "```", "~~~", "\n", "\n\n", "\r\n", "\r", " ", ". ", "- ", "1. ", "\\", ":", "?", "\u200d"],
    *["Cats sleep", "Bread.", "e.g. ", "猫は眠る。", "word " * 90, "“", "क\u200dष"],
]
WRITTEN = st.lists(st.sampled_from(PARTS), max_size=30).map("".join)


@given(WRITTEN, st.data())
def test_in_how_many_pieces_an_answer_comes_makes_no_difference(written: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=10)))
    edges = [0, *cuts, len(written)]
    text, citations, answer = read(written[begin:end] for begin, end in pairwise(edges))
    whole = cite(written, HITS)
    assert text == answer.text == whole.text
    assert tuple(citations) == whole.citations == answer.citations
    assert answer.removed == whole.removed
    for citation in whole.citations:
        assert whole.text[citation.at :].startswith(f"[{citation.number}]")
        assert citation.sentence[0] <= citation.at < citation.sentence[1]
