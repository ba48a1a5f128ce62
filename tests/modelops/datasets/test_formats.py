"""All formats say the same in one canonical form, and the canonical form is its own canonical form."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from modelops.datasets.canonical import encode_row
from modelops.datasets.csv_text import read_csv
from modelops.datasets.formats import convert, detect_format
from modelops.datasets.rows import SourceRow

texts = st.text(min_size=1, max_size=60).filter(lambda text: text.strip() != "")
turns = st.lists(st.tuples(texts, texts), min_size=1, max_size=4)


def chat(pairs: list[tuple[str, str]], system: str | None = None) -> dict[str, Any]:
    messages = [{"role": "system", "content": system}] if system else []
    for question, answer in pairs:
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages}


def converted(row: dict[str, Any]) -> dict[str, Any]:
    """A row in canonical form, its format detected as in a file."""
    detected = detect_format(row)
    assert detected is not None
    return convert(row, detected).row


@given(turns, st.none() | texts)
def test_canonical_chats_stay_as_they_are(pairs: list[tuple[str, str]], system: str | None) -> None:
    row = chat(pairs, system)

    assert converted(json.loads(encode_row(row))) == row


@given(texts)
def test_canonical_texts_stay_as_they_are(text: str) -> None:
    assert converted(json.loads(encode_row({"text": text}))) == {"text": text}


@given(turns, st.none() | texts)
def test_sharegpt_says_the_same_as_messages(pairs: list[tuple[str, str]], system: str | None) -> None:
    row = chat(pairs, system)
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    sharegpt = [{"from": names[turn["role"]], "value": turn["content"]} for turn in row["messages"]]

    assert converted({"conversations": sharegpt}) == row


@given(texts, texts, texts)
def test_one_question_and_answer_is_the_same_in_every_format(question: str, answer: str, system: str) -> None:
    row = chat([(question, answer)], system)

    assert converted({"prompt": question, "completion": answer, "system": system}) == row
    assert converted({"question": question, "answer": answer, "system": system}) == row
    assert converted({"instruction": question, "input": "", "output": answer, "system": system}) == row
    assert converted({"prompt": row["messages"][:2], "completion": row["messages"][2:]}) == row


@given(texts, texts, texts)
def test_an_alpaca_input_follows_its_instruction(instruction: str, context: str, answer: str) -> None:
    row = {"instruction": instruction, "input": context, "output": answer}

    assert converted(row) == chat([(f"{instruction}\n\n{context}", answer)])


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=5))
def test_what_a_csv_writer_quotes_is_read_back_as_it_was(tmp_path_factory: Any, pairs: list[tuple[str, str]]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerows([("prompt", "completion"), *pairs])
    path = tmp_path_factory.mktemp("csv") / "pairs.csv"
    path.write_bytes(buffer.getvalue().encode("utf-8", "replace"))

    rows = list(read_csv(path, "pairs.csv"))

    assert [(row.columns["prompt"], row.columns["completion"]) for row in rows if isinstance(row, SourceRow)] == [
        (question.encode("utf-8", "replace").decode(), answer.encode("utf-8", "replace").decode())
        for question, answer in pairs
    ]


def test_a_conversation_in_a_csv_cell_is_read_as_one() -> None:
    row = chat([("Q", "A")])

    assert converted({"messages": json.dumps(row["messages"])}) == row
    assert converted({"conversations": json.dumps(row["messages"])}) == row


def test_text_parts_of_a_message_become_its_text() -> None:
    parts = [{"type": "text", "text": "4, "}, {"type": "text", "text": "of course"}]
    messages = [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": parts}]

    assert converted({"messages": messages}) == chat([("2 + 2?", "4, of course")])


def test_an_empty_system_message_is_none() -> None:
    row = chat([("Q", "A")])

    assert converted({"messages": [{"role": "system", "content": ""}, *row["messages"]]}) == row


def test_fields_that_have_no_place_are_named() -> None:
    row = {"prompt": "Q", "completion": "A", "source": "forum", "score": None}

    assert convert(row, "prompt-completion").dropped == {"source"}
