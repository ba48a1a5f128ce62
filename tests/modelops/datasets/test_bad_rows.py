"""Every way a row can be bad is reported with its file, line, field and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelops.datasets import inspect_source
from modelops.datasets.json_text import MAX_ROW_BYTES

GOOD = {"messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]}
USER = {"role": "user", "content": "Hello?"}
ANSWER = {"role": "assistant", "content": "Hello."}


def bad_rows(path: Path, format: str = "auto") -> list[tuple[int, str, str]]:
    """(line, field, code) of each bad row of a source."""
    conversion = inspect_source(path, format).conversion
    assert conversion is not None
    assert all(bad.file == path.name and bad.message for bad in conversion.bad_rows)
    return [(bad.line, bad.field, bad.code) for bad in conversion.bad_rows]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"messages": [', "broken_json"),
        (b'{"messages": []} trailing', "broken_json"),
        (b'{"text": NaN}', "broken_json"),
        (b'{"text": "a", "text": "b"}', "broken_json"),
        (b'{"text": ' + b"[" * 100_000 + b"}", "broken_json"),
        (b'{"text": ' + b"9" * 5000 + b"}", "broken_json"),
        (b'{"text": "caf\xe9"}', "not_utf8"),
        (b'["a list"]', "not_an_object"),
        (b'{"text": "' + b"x" * MAX_ROW_BYTES + b'"}', "row_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:24]),
)
def test_a_line_that_is_no_json_object_is_named(write: Any, line: bytes, code: str) -> None:
    good = json.dumps(GOOD).encode()
    path = write("chats.jsonl", good + b"\n\n" + line + b"\n" + good + b"\n")

    assert bad_rows(path) == [(3, "", code)]


def test_broken_json_far_down_a_file_is_named_by_its_line(write: Any) -> None:
    lines = [json.dumps(GOOD)] * 8000
    lines[7000] = lines[7000][:-1]

    assert bad_rows(write("chats.jsonl", "\n".join(lines))) == [(7001, "", "broken_json")]


def test_broken_json_inside_an_array_is_named_by_its_line(write: Any) -> None:
    rows = [json.dumps(GOOD) for _ in range(5)]
    rows[3] = '{"messages":\n  [oops]}'

    assert bad_rows(write("chats.json", "[\n" + ",\n".join(rows) + "\n]\n")) == [(6, "", "broken_json")]


@pytest.mark.parametrize("tail", ["", ",]", "] more", " {}]"])
def test_an_array_that_does_not_end_as_it_should_is_reported(write: Any, tail: str) -> None:
    path = write("chats.json", f"[\n{json.dumps(GOOD)}\n{tail}")

    assert [code for _, _, code in bad_rows(path)] == ["broken_json"]


@pytest.mark.parametrize(
    ("messages", "field", "code"),
    [
        ([], "messages", "no_answer"),
        ([USER], "messages", "no_answer"),
        ([{"role": "system", "content": "Be brief."}, USER], "messages", "no_answer"),
        ([USER, {"role": "assistant", "content": " \n"}], "messages[1].content", "empty_answer"),
        ([{"role": "user", "content": ""}, ANSWER], "messages[0].content", "empty_prompt"),
        ([ANSWER, USER], "messages[0].role", "role_order"),
        ([USER, USER, ANSWER], "messages[1].role", "role_order"),
        ([USER, ANSWER, USER], "messages[2].role", "role_order"),
        ([USER, ANSWER, {"role": "system", "content": "Be brief."}], "messages[2].role", "role_order"),
        ([USER, {"role": "narrator", "content": "…"}], "messages[1].role", "unknown_role"),
        ([USER, {"content": "Hello."}], "messages[1].role", "missing_field"),
        ([USER, {"role": "assistant"}], "messages[1].content", "missing_field"),
        ([USER, {"role": "assistant", "content": 42}], "messages[1].content", "wrong_type"),
        ([USER, {"role": 1, "content": "Hello."}], "messages[1].role", "wrong_type"),
        ([USER, "Hello."], "messages[1]", "wrong_type"),
        ("Hello.", "messages", "wrong_type"),
        (None, "messages", "wrong_type"),
        (
            [USER, {"role": "assistant", "content": None, "tool_calls": [{}]}],
            "messages[1].tool_calls",
            "unsupported_field",
        ),
        ([USER, {**ANSWER, "weight": 0}], "messages[1].weight", "unsupported_field"),
        (
            [USER, {"role": "assistant", "content": [{"type": "image_url"}]}],
            "messages[1].content",
            "wrong_type",
        ),
    ],
)
def test_a_chat_that_cannot_be_learned_from_says_where_and_why(
    write: Any, messages: Any, field: str, code: str
) -> None:
    assert bad_rows(write("chats.jsonl", [GOOD, {"messages": messages}])) == [(2, field, code)]


@pytest.mark.parametrize(
    ("good", "row", "field", "code"),
    [
        ({"prompt": "Q", "completion": "A"}, {"prompt": "Q"}, "completion", "no_answer"),
        ({"prompt": "Q", "completion": "A"}, {"prompt": "Q", "completion": None}, "completion", "no_answer"),
        ({"prompt": "Q", "completion": "A"}, {"prompt": "Q", "completion": ""}, "completion", "empty_answer"),
        ({"prompt": "Q", "completion": "A"}, {"completion": "A"}, "prompt", "missing_field"),
        ({"question": "Q", "answer": "A"}, {"question": "Q", "answer": 4}, "answer", "wrong_type"),
        ({"instruction": "Q", "output": "A"}, {"instruction": "Q", "output": " "}, "output", "empty_answer"),
        ({"instruction": "Q", "output": "A"}, {"instruction": "", "output": "A"}, "instruction", "empty_prompt"),
        ({"instruction": "Q", "output": "A"}, {"instruction": "Q", "input": 1, "output": "A"}, "input", "wrong_type"),
        ({"text": "A"}, {"text": ""}, "text", "empty_text"),
        ({"text": "A"}, {"text": ["A"]}, "text", "wrong_type"),
        ({"text": "A"}, {"body": "A"}, "text", "missing_field"),
        ({"text": "A"}, {"text": "half a pair: \ud83d"}, "", "invalid_unicode"),
        (
            {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]},
            {"conversations": [{"from": "human", "value": "Q"}, {"from": "alien", "value": "A"}]},
            "conversations[1].from",
            "unknown_role",
        ),
    ],
)
def test_a_row_that_lacks_what_its_format_needs_says_which_field(
    write: Any, good: Any, row: Any, field: str, code: str
) -> None:
    content = "".join(json.dumps(each) + "\n" for each in (good, row))

    assert bad_rows(write("rows.jsonl", content)) == [(2, field, code)]


def test_an_empty_chat_is_a_bad_row_and_not_another_format(write: Any) -> None:
    row = {"conversations": GOOD["messages"]}

    assert bad_rows(write("chats.jsonl", [row, {"conversations": []}])) == [(2, "conversations", "no_answer")]


class TestCsv:
    """RFC 4180, to the letter: what is ambiguous is reported, never guessed at."""

    HEADER = "prompt,completion\n"

    @pytest.mark.parametrize(
        ("record", "code"),
        [
            ('say "hi",there', "stray_quote"),
            ('"say "hi"",there', "stray_quote"),
            ('"a" ,b', "stray_quote"),
            ("a,b,c", "ragged_row"),
            ("a", "ragged_row"),
            ("a\rb,c", "stray_return"),
            ("a,", "empty_answer"),
        ],
    )
    def test_a_record_that_is_not_well_formed_is_named_by_its_line(self, write: Any, record: str, code: str) -> None:
        path = write("pairs.csv", f'{self.HEADER}"two\nlines",b\n{record}\nc,d\n')

        assert [(line, found) for line, _, found in bad_rows(path)] == [(4, code)]

    def test_a_quote_that_is_never_closed_is_named_where_it_opens(self, write: Any) -> None:
        path = write("pairs.csv", f'{self.HEADER}a,b\n"c,d\ne,f\ng,h\n')

        assert bad_rows(path) == [(3, "", "unclosed_quote")]

    def test_a_stray_quote_in_a_record_of_several_lines_ends_the_reading(self, write: Any) -> None:
        path = write("pairs.csv", f'{self.HEADER}"a\nb"c,d\ne,f\n')

        conversion = inspect_source(path).conversion

        assert conversion is not None
        assert conversion.unreadable is not None
        assert (conversion.unreadable.line, conversion.unreadable.code) == (2, "stray_quote")
        assert "Lines 2 to 3" in conversion.unreadable.message

    def test_bytes_that_are_not_utf8_are_named_by_the_line_they_are_on(self, write: Any) -> None:
        path = write("pairs.csv", b'prompt,completion\na,b\n"c\ncaf\xe9",d\ne,f\n')

        assert bad_rows(path) == [(4, "", "not_utf8")]

    def test_quotes_commas_and_line_ends_in_quoted_fields_are_text(self, write: Any) -> None:
        path = write("pairs.csv", '\ufeffprompt,completion\r\n"a, ""b""\r\nc","d\u2028e"\r\n')

        (_, row), *_ = inspect_source(path).preview

        assert [message["content"] for message in row["messages"]] == ['a, "b"\r\nc', "d\u2028e"]
