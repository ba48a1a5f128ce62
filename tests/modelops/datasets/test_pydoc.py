"""The dataset made from Python's own documentation: deterministic, honest about what is held out, worth reading."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from modelops.datasets.canonical import encode_row
from modelops.datasets.docstrings import documented, source_files
from modelops.datasets.pydoc import Pairs, make_pydoc
from modelops.errors import InvalidInput, Unavailable

DIGEST = """
import hashlib
from modelops.datasets.canonical import encode_row
from modelops.datasets.pydoc import make_pydoc
print(hashlib.sha256(b"".join(split.encode() + encode_row(row) for split, row in make_pydoc().rows())).hexdigest())
"""


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return make_pydoc()


def topic(row: dict[str, Any]) -> str:
    """The top-level module that a row asks about."""
    question: str = row["messages"][0]["content"]
    return question.split("`")[1].partition(".")[0]


def test_another_process_with_another_hash_seed_makes_the_same_bytes(pairs: Pairs) -> None:
    here = hashlib.sha256(b"".join(split.encode() + encode_row(row) for split, row in pairs.rows())).hexdigest()
    command = [sys.executable, "-c", DIGEST]

    there = subprocess.run(command, env={"PYTHONHASHSEED": "4711"}, capture_output=True, text=True, check=True)

    assert there.stdout.strip() == here


def test_no_module_is_on_both_sides(pairs: Pairs) -> None:
    train, held_out = {topic(row) for row in pairs.train}, {topic(row) for row in pairs.held_out}

    assert not train & held_out
    assert held_out <= set(pairs.held_out_modules)


def test_no_answer_is_on_both_sides_nor_one_that_opens_alike(pairs: Pairs) -> None:
    def openings(rows: tuple[dict[str, Any], ...]) -> set[str]:
        return {" ".join(row["messages"][1]["content"].partition("\n\n")[0].lower().split()) for row in rows}

    assert not openings(pairs.train) & openings(pairs.held_out)


def test_there_is_enough_to_train_on_and_about_a_tenth_is_held_out(pairs: Pairs) -> None:
    assert 2000 <= len(pairs.train) <= 4000
    assert 0.05 <= len(pairs.held_out) / (len(pairs.train) + len(pairs.held_out)) <= 0.12


def test_every_answer_is_readable_and_of_useful_length(pairs: Pairs) -> None:
    answers = [row["messages"][1]["content"] for _, row in pairs.rows()]

    assert all(60 <= len(answer) <= 1200 and answer == answer.strip() for answer in answers)
    assert all(character.isprintable() or character == "\n" for answer in answers for character in answer)


def test_questions_are_asked_in_many_ways_and_never_twice(pairs: Pairs) -> None:
    questions = [row["messages"][0]["content"] for _, row in pairs.rows()]

    assert len(set(questions)) == len(questions)
    assert len({question.partition("`")[0] for question in questions}) >= 8


def test_a_limit_takes_rows_of_many_modules_that_a_run_without_it_has_too(tmp_path: Path) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    for name in ("argparse", "calendar", "difflib", "heapq", "random", "shutil", "statistics", "tarfile", "textwrap"):
        shutil.copy(library / f"{name}.py", tmp_path)
    every, few = make_pydoc(library=tmp_path, held_out=0.3), make_pydoc(library=tmp_path, held_out=0.3, rows=40)

    assert (len(few.train), len(few.held_out)) == (28, 12)
    assert len({topic(row) for row in few.train}) >= 5
    assert all(row in every.train for row in few.train)
    assert all(row in every.held_out for row in few.held_out)


@pytest.mark.parametrize("options", [{"rows": 1}, {"held_out": 0.0}, {"held_out": float("nan")}, {"max_chars": 5}])
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        make_pydoc(**options)


def test_a_python_without_sources_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        make_pydoc(library=tmp_path)

    assert refused.value.code == "no_docstrings"


class TestDocstrings:
    def test_modules_classes_functions_methods_and_properties_are_found_with_their_calls(self) -> None:
        source = b'''"""A module."""
def load(path: str, *, strict: bool = True) -> None:
    """Load."""
class Store:
    """A store."""
    def get(self, key, default=None):
        """Get."""
    @staticmethod
    def new(where): """New."""
    @property
    def size(self): """Size."""
    def _hidden(self): """Hidden."""
@wrapped_by_something
def odd(first): """Odd."""
'''

        found = [(item.full_name, item.kind, item.signature) for item in documented("shop", source)]

        assert found == [
            ("shop", "module", ""),
            ("shop.load", "function", "path, *, strict=True"),
            ("shop.Store", "class", ""),
            ("shop.Store.get", "method", "key, default=None"),
            ("shop.Store.new", "method", "where"),
            ("shop.Store.size", "property", "..."),
            ("shop.odd", "function", "..."),
        ]

    def test_nothing_is_imported_or_run(self) -> None:
        assert list(documented("bomb", b'raise SystemExit\ndef f():\n    """Never called."""\n'))

    def test_tests_private_modules_and_installed_packages_are_left_out(self, tmp_path: Path) -> None:
        names = ["json/__init__.py", "json/_hidden.py", "test/test_json.py", "site-packages/numpy.py", "_pydecimal.py"]
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()

        assert [module for module, _ in source_files(tmp_path)] == ["decimal", "json"]
