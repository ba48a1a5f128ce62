"""The journal: it only grows, whole line by whole line, and never without bound."""

from __future__ import annotations

import threading
from pathlib import Path

from modelops_server.jobs.journal import Journal, JournalLimits, follow_events, follow_log, log_tail, read_events


def test_events_are_read_from_where_the_reader_left_off(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.event("note", text="first")
        [(offset, _)] = read_events(tmp_path)
        journal.event("note", text="second")

    assert [event["text"] for _, event in read_events(tmp_path, offset)] == ["second"]


def test_an_unfinished_line_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"type":"note","text":"whole"}\n{"type":"no')
    assert [event["text"] for _, event in read_events(tmp_path)] == ["whole"]

    with path.open("ab") as stream:
        stream.write(b'te","text":"late"}\n')
    assert [event["text"] for _, event in read_events(tmp_path)] == ["whole", "late"]


def test_a_line_that_a_killed_writer_left_does_not_spoil_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b'{"type":"no')

    with Journal(tmp_path) as journal:
        journal.event("note", text="after")

    assert [event["text"] for _, event in read_events(tmp_path)] == ["after"]


def test_a_follower_sees_everything_that_was_written_before_the_end(tmp_path: Path) -> None:
    ended = threading.Event()

    def write() -> None:
        with Journal(tmp_path) as journal:
            for number in range(200):
                journal.event("note", number=number)
                journal.log(f"line {number} ä\n")
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    numbers = [event["number"] for _, event in follow_events(tmp_path, ended.is_set)]
    writer.join()

    assert numbers == list(range(200))
    assert "".join(follow_log(tmp_path, ended.is_set)).splitlines() == [f"line {number} ä" for number in range(200)]


def test_numbers_that_json_does_not_know_become_text(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.event("metric", values={"loss": float("nan"), "norm": [float("inf"), 1.0]})

    [(_, event)] = read_events(tmp_path)
    assert event["values"] == {"loss": "nan", "norm": ["inf", 1.0]}


def test_a_full_journal_leaves_a_note_and_still_tells_how_the_job_ended(tmp_path: Path) -> None:
    with Journal(tmp_path, JournalLimits(events=1_000)) as journal:
        for _ in range(1_000):
            journal.event("metric", values={"loss": 1.0})
        journal.record({"type": "state", "state": "failed"}, always=True)

    events = [event for _, event in read_events(tmp_path)]
    assert (tmp_path / "events.jsonl").stat().st_size < 1_500
    assert "full" in events[-2]["text"]
    assert events[-1]["state"] == "failed"


def test_an_event_that_is_too_large_is_replaced_by_a_note(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.event("note", text="x" * 1_000_000)

    [(_, event)] = read_events(tmp_path)
    assert "was left out" in event["text"]


def test_a_log_that_is_full_says_so_once(tmp_path: Path) -> None:
    with Journal(tmp_path, JournalLimits(log=100)) as journal:
        for _ in range(100):
            journal.log("0123456789\n")

    text = (tmp_path / "log.txt").read_text()
    assert text.count("the log is full") == 1
    assert len(text) < 200
    assert "full" in log_tail(tmp_path, 1)[0]
