"""Checks by the letters: what an answer cites, quotes and counts stands in its passages, or it does not."""

from __future__ import annotations

import pytest
from rag_hits import hit

from modelops.rag.answering import REFUSAL, AnswerCheck, check, cite, is_refusal, summary

CATS = "Cats sleep 16 hours of the day. A cat finds its way by 12,000 smells."
HITS = [hit(CATS), hit("Bread is baked with flour and yeast.", "bread.md")]


def checked(text: str, question: str = "") -> AnswerCheck:
    return check(cite(text, HITS), question)


def test_a_sentence_of_the_passage_is_supported() -> None:
    found = checked("Cats sleep 16 hours of the day [1]. Bread is baked with yeast [2].")
    assert [sentence.support for sentence in found.sentences] == [1, 1]
    assert (found.supported, found.uncited, found.support) == (2, 0, 1)
    assert (found.numbers, found.numbers_missing, found.citations) == (1, 0, 2)


def test_other_forms_of_words_count_as_the_same() -> None:
    [sentence] = checked("The cat is sleeping for hours, sleeps by day [1].").sentences
    assert sentence.support == 1


def test_half_of_the_words_are_enough_and_fewer_are_not() -> None:
    half, fewer = checked("Cats sleep on warm sofas [1]. Cats adore warm sofas [1].").sentences
    assert (half.support, half.supported) == (0.5, True)
    assert (fewer.support, fewer.supported) == (0.25, False)


def test_a_sentence_cited_from_the_wrong_passage_is_not_supported() -> None:
    [sentence] = checked("Cats sleep 16 hours [2].").sentences
    assert (sentence.support, sentence.supported, sentence.numbers_missing) == (0, False, ("16",))


def test_sentences_without_citation_are_counted() -> None:
    found = checked("Cats sleep. So do I. Bread is baked [2]. Ok?")
    assert [sentence.cited for sentence in found.sentences] == [(), (2,), ()]
    assert found.uncited == 2
    assert found.sentences[0].support is None


def test_citations_of_nothing_are_counted() -> None:
    found = checked("Cats sleep [9].")
    assert (found.citations, found.citations_removed, found.uncited) == (0, 1, 1)


def test_a_number_that_is_said_twice_is_missing_once() -> None:
    found = checked("17 cats and 17 dogs sleep 16 hours [1].")
    assert (found.numbers, found.numbers_missing) == (2, 1)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ('It says "cats sleep 16 hours" [1].', 0),
        ("It says \u201eCats sleep, 16 hours\u201c [1].", 0),
        ("It says \u00abcats sleep ten hours\u00bb [1].", 1),
        ('It says "cats sleep 16 hours" [2].', 1),
        ('It says "baked with flour" without a number.', 0),
        ('They call it "a nap" [1].', 0),
    ],
)
def test_quotations_stand_in_the_cited_passage_word_for_word(text: str, missing: int) -> None:
    assert checked(text).quotes_missing == missing


@pytest.mark.parametrize(
    ("text", "question", "missing"),
    [
        ("Cats find 12000 smells [1].", "", ()),
        ("Cats find 12,000 smells [1].", "", ()),
        ("Cats find 13,000 smells [1].", "", ("13000",)),
        ("Cats find 3.5 smells [1].", "", ("3.5",)),
        ("In 2024 cats sleep [1].", "Did they sleep in 2024?", ()),
        ("1. Cats sleep [1].", "", ()),
    ],
)
def test_numbers_stand_in_the_cited_passage_or_in_the_question(
    text: str, question: str, missing: tuple[str, ...]
) -> None:
    [sentence] = checked(text, question).sentences
    assert sentence.numbers_missing == missing


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (REFUSAL, True),
        ("Not in these documents.", True),
        ("**not in these documents** [1]", True),
        ("I am sorry, but that is not in these documents.", True),
        ("Cats are not in these papers.", False),
        ("Cats sleep, which is not in these documents but I know it well from all that other people told me.", False),
    ],
)
def test_a_refusal_is_recognised_by_its_words(text: str, refused: bool) -> None:
    assert is_refusal(text) == refused
    assert checked(text).refused == refused


def test_a_refusal_has_no_sentences_to_check() -> None:
    found = checked(REFUSAL)
    assert (found.sentences, found.support, found.uncited) == ((), None, 0)


def test_many_answers_are_summed_up() -> None:
    texts = ['Cats sleep 16 hours [1]. "Cats eat no bread" 7 [1, 5].', REFUSAL, "Bread is baked."]
    found = summary([checked(text) for text in texts])
    assert (found.answers, found.refused, found.sentences, found.uncited, found.supported) == (3, 1, 3, 1, 1)
    assert (found.citations, found.citations_removed) == (2, 1)
    assert (found.quotes, found.quotes_missing, found.numbers, found.numbers_missing) == (1, 1, 2, 1)


def test_a_check_can_be_kept_as_json() -> None:
    told = checked("Cats sleep [1].").as_json()
    assert told["sentences"][0]["cited"] == (1,)
    assert (told["support"], told["supported"], told["refused"]) == (1, 1, False)
