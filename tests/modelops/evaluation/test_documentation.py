"""docs/evaluation.md names every measure, and its example runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from modelops.evaluation import Choice, measuring, read_choices

PAGE = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text()


def test_every_measure_has_its_line() -> None:
    names = {*measuring._ALONE, *measuring._COMPARED, "exact_match", "f1", "choice_accuracy", "prefill_speed"}
    named = re.findall(r"^\| (`[^|]+) \|", PAGE, re.MULTILINE)
    assert {name for name in names if not any(f"`{name}`" in line for line in named)} == set()


def test_the_line_of_a_multiple_choice_file_is_one(tmp_path: Path) -> None:
    [line] = re.findall(r"^\{\"question.*\}$", PAGE, re.MULTILINE)
    (tmp_path / "choices.jsonl").write_text(f"{line}\n{json.dumps({**json.loads(line), 'answer': 'json'})}\n")
    first, second = read_choices(tmp_path / "choices.jsonl")
    assert first == Choice("Which module writes CSV files?", ("csv", "json", "shelve"), 0)
    assert second.answer == 1
