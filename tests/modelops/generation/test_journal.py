"""What was kept is there again, and what was cut off is not."""

from __future__ import annotations

from pathlib import Path

from modelops.generation import Answer, Journal, Prompt, Refusal

ANSWER = Answer(0, 0, "Grüße\u2028\n", "stop", 5, 9)
REFUSAL = Refusal(1, 0, "context_length_exceeded", "Too long.")


def test_what_was_appended_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run")
    journal.append([ANSWER])
    journal.append([REFUSAL])

    again = Journal(tmp_path / "run")

    assert list(again.outcomes.values()) == [ANSWER, REFUSAL]
    assert (again.found, again.tokens_written, journal.tokens_written) == (2, 0, 5)
    prompts = [Prompt(row, 0, (), None) for row in range(3)]
    assert again.missing(prompts) == prompts[2:]


def test_a_line_that_was_cut_off_is_dropped_and_what_follows_is_whole(tmp_path: Path) -> None:
    Journal(tmp_path).append([ANSWER, REFUSAL])
    file = tmp_path / "answers.jsonl"
    file.write_bytes(file.read_bytes()[:-9])

    journal = Journal(tmp_path)
    assert list(journal.outcomes.values()) == [ANSWER]
    journal.append([REFUSAL])

    assert list(Journal(tmp_path).outcomes.values()) == [ANSWER, REFUSAL]
