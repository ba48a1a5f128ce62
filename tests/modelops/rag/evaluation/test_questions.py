"""Questions: given in a file, found in a dataset, made by rule, written by a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document
from modelops.rag.evaluation import (
    Place,
    Question,
    locate_answers,
    make_questions,
    passages_to_ask,
    question_messages,
    questions_digest,
    read_questions,
    unanswerable,
    word_overlap,
    written_questions,
)


def _document(source: str, text: str, media_type: str = "text/plain") -> Document:
    return Document(source, f"sha256:{source}", media_type, text)


DOCUMENTS = [
    _document("bread.md", "Bread is baked with flour and yeast.\n\nTime and water make bread.", "text/markdown"),
    _document("river.txt", "The river flows to the sea.\n\nWater flows down. Water flows down."),
]


def _read(folder: Path, *rows: object) -> list[Question]:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return read_questions(path, DOCUMENTS)


def test_a_file_says_where_answers_stand(tmp_path: Path) -> None:
    questions = _read(
        tmp_path,
        {"question": "What is in bread?", "source": "bread.md", "quote": "flour and yeast", "answer": "Flour."},
        {"question": "Where to?", "source": "river.txt", "start": 4, "end": 9, "id": "river"},
        "",
        {"question": "Which?", "relevant": [{"source": "bread.md", "grade": 2}, {"source": "river.txt"}]},
        {"question": "Who won?", "answerable": False},
    )

    assert [question.id for question in questions] == ["1", "river", "4", "5"]
    assert questions[0].relevant == (Place("bread.md", 20, 35),)
    assert questions[0].answer == "Flour."
    assert questions[1].relevant == (Place("river.txt", 4, 9),)
    assert questions[2].relevant == (Place("bread.md", grade=2), Place("river.txt"))
    assert [question.answerable for question in questions] == [True, True, True, False]
    assert {question.made_by for question in questions} == {"given"}


def test_questions_are_read_again_as_they_were_written(tmp_path: Path) -> None:
    questions = _read(
        tmp_path,
        {"question": "What?", "source": "bread.md", "quote": "Time", "answer": "Time."},
        {"question": "Who won?", "answerable": False},
    )
    again = _read(tmp_path, *(question.as_json() for question in questions))
    assert again == questions
    assert questions_digest(again) == questions_digest(questions) != questions_digest(questions[:1])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2"),
        ({"source": "bread.md"}, "line 2: question"),
        ({"question": " ", "source": "bread.md"}, "line 2: question"),
        ({"question": "?", "source": "gone.md"}, "line 2: there is no document 'gone.md'"),
        ({"question": "?"}, "does not say where"),
        ({"question": "?", "answerable": True}, "does not say where"),
        ({"question": "?", "source": "bread.md", "answerable": False}, "that it has none"),
        ({"question": "?", "source": "river.txt", "quote": "Water flows down."}, "stands 2 times"),
        ({"question": "?", "source": "river.txt", "quote": "no such words"}, "stands 0 times"),
        ({"question": "?", "source": "river.txt", "start": 5}, "start and end belong together"),
        ({"question": "?", "source": "river.txt", "start": 5, "end": 5}, "end must be behind start"),
        ({"question": "?", "source": "river.txt", "start": 5, "end": 5000}, "ends at"),
        ({"question": "?", "source": "river.txt", "start": "5", "end": 9}, "start"),
        ({"question": "?", "source": "river.txt", "grade": 0}, "grade"),
        ({"question": "?", "quote": "river"}, "a source is missing"),
        ({"question": "?", "source": "bread.md", "id": "first"}, "is that of line 1"),
        ({"question": "?", "relevant": [{"source": "bread.md"}, {"source": "bread.md"}]}, "names a place twice"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, row: object, reason: str) -> None:
    with pytest.raises(InvalidInput) as error:
        _read(tmp_path, {"question": "?", "source": "bread.md", "id": "first"}, row)
    assert error.value.code == "invalid_questions"
    assert reason in error.value.message
    assert "line 2" in error.value.message


def test_files_that_are_no_questions_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b'{"question": "x"}\n\xe9')
    (tmp_path / "empty").write_text("\n\n")
    for name, reason in {"latin": "line 2: not UTF-8", "empty": "there are none", "gone": "cannot be read"}.items():
        with pytest.raises(InvalidInput, match=reason) as error:
            read_questions(tmp_path / name, DOCUMENTS)
        assert error.value.code == "invalid_questions"


def _chat(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def test_answers_of_a_dataset_are_found_where_they_stand() -> None:
    code = _document("a.py", '    """Return the shallow\n    copy of x."""\n\n# the shallow copy of xylophones')
    rows = [
        _chat("What does it?", "Return the shallow copy of x."),
        _chat("Which?", "the shallow copy of xylo"),  # no whole word
        _chat("Short?", "copy of x."),
        _chat("Unknown?", "this stands nowhere at all"),
        {"text": "no chat"},
    ]
    found = locate_answers(rows, [*DOCUMENTS, code])

    assert [(question.id, question.text) for question in found.questions] == [("row-1", "What does it?")]
    assert found.left_out == 4
    [place] = found.questions[0].relevant
    assert code.text[place.start : place.end] == "Return the shallow\n    copy of x."
    # What stands in many places is no question for one of them.
    many = [_document(f"{number}.py", code.text) for number in range(4)]
    assert locate_answers(rows[:1], many).questions == []


def test_an_answer_is_a_span_of_the_document() -> None:
    row = _chat("What is bread?", "Bread is  baked with\nflour and yeast.")
    [question] = locate_answers([row], DOCUMENTS).questions
    [place] = question.relevant
    assert DOCUMENTS[0].text[place.start : place.end] == "Bread is baked with flour and yeast."
    assert question.answer == "Bread is  baked with\nflour and yeast."
    assert question.made_by == "dataset"


_CODE = '''
class Shelf:
    """Holds books in the order in which they were read by somebody, and forgets those that were given away."""

    def take_book(self, title):
        """Take a book by its title away from here for a while.

        The rest is longer than the summary, and says what happens to those that wait for it meanwhile in the queue.
        """
        return self.books.pop(title)
'''

_MARKDOWN = """# Guide

## Opening and closing files

Files are opened with open() and closed when their block ends. {}

## Opening and closing files

Twice the same heading asks for nothing. {}

## `os.path`

Only a name. {}

## Reading whole lines

{}
""".format(*[" ".join(f"word{n}" for n in range(at, at + 40)) for at in (0, 100, 200, 300)])


def test_headings_and_summaries_ask_for_what_stands_below_without_its_names() -> None:
    documents = [_document("guide.md", _MARKDOWN, "text/markdown"), _document("shelf.py", _CODE, "text/x-python")]
    made = {one.question.text: one for one in make_questions(documents, 100)}

    assert set(made) == {
        "Reading whole lines",
        "Holds books in the order in which they were read by somebody, and forgets those that were given away",
        "Take a book by its title away from here for a while",
    }
    taken = made["Take a book by its title away from here for a while"]
    [place] = taken.question.relevant
    assert taken.passage == _CODE[place.start : place.end]
    assert taken.passage.startswith("def take_book")
    assert taken.passage.endswith("pop(title)")
    assert taken.overlap == 1.0
    assert taken.question.made_by == "summaries"
    lines = made["Reading whole lines"]
    assert lines.passage.startswith("word300")
    assert lines.overlap == 0.0


def test_words_of_a_sentence_ask_for_its_paragraph_and_none_of_them_gives_it_away() -> None:
    filler = "The weather of that valley stays mild for most of the year, and nobody there minds the rain at all. " * 2
    texts = [
        f"Apples ripen before the harvest begins on unique_name farms. {filler}one",
        f"Pears ripen after the harvest of apples has ended there. {filler}two",
        f"Nothing here. {filler}three",
    ]
    documents = [_document(f"{number}.txt", text) for number, text in enumerate(texts)]
    made = make_questions(documents, 10, method="words")

    for one in made:
        words = one.question.text.casefold().split()
        assert 3 <= len(words) <= 7
        assert all(sum(word in text.casefold() for text in texts) > 1 for word in words)
        assert "unique_name" not in words
    [first] = [one for one in made if one.question.relevant[0].source == "0.txt"]
    assert {"ripen", "harvest"} <= set(first.question.text.casefold().split())


def test_what_is_made_depends_on_the_documents_and_the_seed_alone() -> None:
    documents = [
        _document(f"{n}.md", f"# Part of number {chr(97 + n)}{chr(97 + n)}\n\n" + f"text {n} " * 60, "text/markdown")
        for n in range(9)
    ]
    made = make_questions(documents, 4)
    assert len(made) == 4
    assert make_questions(documents[::-1], 4) == made
    assert make_questions(documents, 9)[:4] == made
    assert make_questions(documents, 4, seed=1) != made
    assert len({one.question.id for one in make_questions(documents, 9)}) == 9


def test_passages_that_stand_twice_are_not_asked_for() -> None:
    documents = [
        _document(f"{n}.md", f"# Heading of number {chr(97 + n) * 3}\n\n" + "the same text " * 30, "text/markdown")
        for n in range(2)
    ]
    with pytest.raises(InvalidInput) as error:
        make_questions(documents, 4)
    assert error.value.code == "no_questions"


def test_questions_about_other_documents_have_no_answer_here() -> None:
    [absent] = unanswerable([Question("1", "Who?", (Place("elsewhere"),), "Nobody.", "headings")])
    assert (absent.id, absent.answerable, absent.answer, absent.made_by) == ("absent-1", False, None, "headings")


def test_overlap_is_a_share_of_the_questions_words() -> None:
    assert word_overlap("Where does water flow?", "Water flows where it can.") == 0.5
    assert word_overlap("?", "anything") == 0.0


def test_a_model_is_asked_for_a_question_and_what_it_says_around_it_is_left_out() -> None:
    chunks = [
        Chunk("a", 0, 300, "long " * 60),
        Chunk("b", 0, 300, "long " * 60),
        Chunk("c", 0, 5, "short"),
        Chunk("d", 9, 309, "other" * 60),
    ]
    passages = passages_to_ask(chunks, 10)
    assert sorted(chunk.source for chunk in passages) in (["a", "d"], ["b", "d"])
    assert passages_to_ask(chunks[::-1], 1) == passages[:1] or passages[0].source in "ab"
    assert passages[0].text in question_messages(passages[0])[0]["content"]

    texts = {0: "Sure! Here it is:\nHow long is it? It is long.", 1: "I cannot."}
    [made] = written_questions(passages, texts, made_by="bot@1")
    assert (made.question.text, made.question.made_by) == ("How long is it?", "bot@1")
    assert made.question.relevant == (Place(passages[0].source, passages[0].start, passages[0].end),)
