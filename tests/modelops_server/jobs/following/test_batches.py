"""What a reader gets follows from its position alone: cut off anywhere, it misses nothing and gets nothing twice."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelops.errors import InvalidInput
from modelops_server.jobs.following.batches import Batch, Position, log_end, read_batch, read_page
from modelops_server.jobs.journal import EVENTS, LOG, Journal

SIZE = 64
"""A batch so small that a few lines make several."""

_BEGINNING = Position()

Message = tuple[Position, str, Any]


def messages(batch: Batch) -> list[Message]:
    """A batch as a client understands it that takes whatever Unicode calls the end of a line for one."""
    found = []
    for block in batch.messages.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((Position.parse(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def everything(folder: Path, start: Position = _BEGINNING) -> list[Message]:
    """All messages from a position to the end, batch by batch."""
    found: list[Message] = []
    while True:
        batch = read_batch(folder, start, last=True, size=SIZE)
        found += messages(batch)
        start = batch.position
        if batch.whole:
            return found


def events(found: list[Message]) -> list[Any]:
    return [content for _, kind, content in found if kind == "event"]


def log(found: list[Message]) -> str:
    return "".join(content["text"] for _, kind, content in found if kind == "log")


# Written one by one: what JSON escapes, characters of two, three and four bytes, and what ends a line elsewhere.
TEXT = st.text(st.sampled_from('a\n\r"\\é€😀\u2028\x85'), max_size=40)
ENTRY = st.tuples(st.sampled_from(["event", "log"]), TEXT)


@given(entries=st.lists(ENTRY, max_size=12), cut=st.integers(0, 10_000))
def test_from_any_message_on_the_rest_is_what_would_have_come(entries: list[tuple[str, str]], cut: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with Journal(folder) as journal:
            for kind, text in entries:
                if kind == "event":
                    journal.event("note", text=text)
                else:
                    journal.log(text)

        whole = everything(folder)

        assert [event["text"] for event in events(whole)] == [text for kind, text in entries if kind == "event"]
        assert log(whole) == "".join(text for kind, text in entries if kind == "log")
        if whole:
            place = cut % len(whole)
            assert everything(folder, whole[place][0]) == whole[place + 1 :]


@given(
    lines=st.lists(TEXT, max_size=8),
    printed=TEXT,
    steps=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5)), max_size=20),
)
def test_a_reader_that_is_cut_off_again_and_again_while_all_is_written_byte_by_byte_gets_each_thing_once(
    lines: list[str], printed: str, steps: list[tuple[int, int, int]]
) -> None:
    written = {
        EVENTS: b"".join(json.dumps({"text": line}, ensure_ascii=False).encode() + b"\n" for line in lines),
        LOG: printed.encode(),
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        received: list[Message] = []
        position = Position()
        # Each step writes some bytes more, in the middle of whatever they end in, and reads; some messages get lost.
        for more_events, more_log, lost in steps:
            for name, count in ((EVENTS, more_events), (LOG, more_log)):
                with (folder / name).open("ab") as stream:
                    stream.write(written[name][:count])
                written[name] = written[name][count:]
            arrived = messages(read_batch(folder, position, size=SIZE))
            received += arrived[: len(arrived) - lost] if lost else arrived
            position = received[-1][0] if received else position
        for name, rest in written.items():
            with (folder / name).open("ab") as stream:
                stream.write(rest)
        received += everything(folder, position)

    assert [event["text"] for event in events(received)] == lines
    assert log(received) == printed


def test_half_a_line_and_half_a_character_wait_for_the_rest(tmp_path: Path) -> None:
    (tmp_path / EVENTS).write_bytes(b'{"n":1}\n{"n":')
    (tmp_path / LOG).write_bytes("ok €".encode()[:-1])

    batch = read_batch(tmp_path, Position())

    assert (events(messages(batch)), log(messages(batch))) == ([{"n": 1}], "ok ")
    assert (batch.position, batch.whole) == (Position(8, 3), True)


def test_half_a_character_that_a_killed_writer_left_is_shown_when_nothing_follows(tmp_path: Path) -> None:
    (tmp_path / LOG).write_bytes("ok €".encode()[:-1])

    assert log(everything(tmp_path)) == "ok \ufffd"


def test_lines_that_hold_no_event_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / EVENTS).write_bytes(b'{"n":1}\n{"n":\n\xff\n[1]\n{"n":2,\r"m":3}\n')

    assert events(everything(tmp_path)) == [{"n": 1}, {"n": 2, "m": 3}]


def test_a_line_that_never_ends_costs_no_memory_and_no_event_behind_it(tmp_path: Path) -> None:
    (tmp_path / EVENTS).write_bytes(b'{"n":1}\n' + b"x" * 3_000_000 + b'\n{"n":2}\n')

    assert events(everything(tmp_path)) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("position", [Position(3, 2), Position(10**12 - 1, 10**12 - 1)])
def test_a_position_in_the_middle_of_a_line_or_behind_the_end_is_no_error(tmp_path: Path, position: Position) -> None:
    (tmp_path / EVENTS).write_bytes(b'{"n":1}\n{"n":2}\n')
    (tmp_path / LOG).write_bytes(b"some text")

    found = everything(tmp_path, position)

    assert (events(found), log(found)) == (([{"n": 2}], "me text") if position < Position(16) else ([], ""))


def test_a_job_without_a_journal_has_nothing_to_tell(tmp_path: Path) -> None:
    assert read_batch(tmp_path, Position(), last=True) == Batch(b"", Position(), whole=True)


@pytest.mark.parametrize("text", ["", "x", "-1", "1.", ".1", "1.2.3", "1e3", "1 ", "1\n", "٣", "9" * 13, "1.-2"])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Position.parse(text)

    assert refusal.value.code == "invalid_position"


def test_a_position_is_written_as_it_is_read() -> None:
    assert Position.parse(str(Position(2048, 512))) == Position(2048, 512)
    assert Position.parse("2048") == Position(2048, 0)


def test_pages_follow_each_other(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for number in range(5):
            journal.event("note", number=number)

    pages, start = [], Position(0, 7)
    while (page := read_page(tmp_path, start, 2))["events"]:
        pages.append([entry["event"]["number"] for entry in page["events"]])
        assert page["events"][-1]["after"] == page["next"]
        start = Position.parse(page["next"])

    assert pages == [[0, 1], [2, 3], [4]]
    assert (start.log, page["next"]) == (7, str(start))


@pytest.mark.parametrize(
    ("tail", "text"), [(100, "one\ntwo\nthree\n"), (9, "three\n"), (6, "three\n"), (3, ""), (0, "")]
)
def test_the_end_of_a_log_begins_with_a_line(tmp_path: Path, tail: int, text: str) -> None:
    (tmp_path / LOG).write_text("one\ntwo\nthree\n")

    assert log(everything(tmp_path, Position(0, log_end(tmp_path, tail)))) == text
