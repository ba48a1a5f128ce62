"""Where sentences begin and end."""

from __future__ import annotations

import pytest

from modelops.rag.answering.sentences import sentence_spans


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Cats sleep. [1] Dogs bark [2].", ["Cats sleep. [1]", "Dogs bark [2]."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("See e.g. Fig. 3 of Dr. Who.", ["See e.g. Fig. 3 of Dr. Who."]),
        ("Version 3.11 is out. It is fast.", ["Version 3.11 is out.", "It is fast."]),
        ("It ends... or not. Yes.", ["It ends... or not.", "Yes."]),
        ("A line that\ngoes on. Next.", ["A line that\ngoes on.", "Next."]),
        ("# Title\n\nText here\n\n- one\n- two\n1. three", ["# Title", "Text here", "- one", "- two", "1. three"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |", ["| a | b |\n|---|---|", "| 1 | 2 |"]),
        ("1. One two. Three\n  2. Four", ["1. One two.", "Three", "2. Four"]),
        ("猫は眠る。犬は吠える。", ["猫は眠る。", "犬は吠える。"]),
        ("  \n\n ", []),
        ("", []),
    ],
)
def test_a_text_is_cut_into_its_sentences(text: str, sentences: list[str]) -> None:
    assert [text[begin:end] for begin, end in sentence_spans(text)] == sentences
