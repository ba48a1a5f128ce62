"""The dataset that answers make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.generation import Answer, Journal, Made, Prompt, Refusal, require_enough, write_answers


@pytest.fixture
def asked() -> list[Prompt]:
    return [Prompt(row, 0, ({"role": "user", "content": f"q{row}"},), f"r{row}") for row in range(4)]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "run")
    journal.append([Answer(2, 0, "two", "length", 3, 1), Refusal(1, 0, "context_length_exceeded", "Too long.")])
    journal.append([Answer(3, 0, " \n", "stop", 2, 1), Answer(0, 0, "nought", "stop", 3, 1)])
    return journal


def test_what_can_be_trained_on_is_kept_in_the_order_of_the_rows(
    asked: list[Prompt], journal: Journal, tmp_path: Path
) -> None:
    made = Made.of(asked, journal)
    metadata = write_answers(tmp_path / "made", made, {"file": "chats@1", "sha256": "0" * 64})

    rows = [json.loads(line) for line in (tmp_path / "made" / "data" / "train.jsonl").read_text().splitlines()]
    facts = [json.loads(line) for line in (tmp_path / "made" / "facts" / "answers.jsonl").read_text().splitlines()]
    refused = [json.loads(line) for line in (tmp_path / "made" / "facts" / "refused.jsonl").read_text().splitlines()]
    assert [row["messages"][-1] for row in rows] == [
        {"role": "assistant", "content": "nought"},
        {"role": "assistant", "content": "two"},
    ]
    assert [(fact["row"], fact["reference"], fact["finish_reason"]) for fact in facts] == [
        (1, "r0", "stop"),
        (3, "r2", "length"),
    ]
    assert [(line["row"], line["code"]) for line in refused] == [(2, "context_length_exceeded"), (4, "empty_answer")]
    assert (metadata["rows"], metadata["skipped_rows"], metadata["format"]) == (2, 2, "messages")


def test_cut_off_answers_are_left_out_on_demand(asked: list[Prompt], journal: Journal) -> None:
    made = Made.of(asked, journal, keep_cut_off=False)

    assert made.finish_reasons == {"stop": 1}
    assert made.refused == {"context_length_exceeded": 1, "cut_off": 1, "empty_answer": 1}


def test_more_refusals_than_allowed_fail_the_run(asked: list[Prompt], journal: Journal) -> None:
    made = Made.of(asked, journal)
    require_enough(made, 0.5)

    with pytest.raises(InvalidInput, match=r"2 of 4 prompts .*: 1 context_length_exceeded, 1 empty_answer"):
        require_enough(made, 0.4)
    with pytest.raises(InvalidInput):
        require_enough(Made([], made.refusals), 1.0)
