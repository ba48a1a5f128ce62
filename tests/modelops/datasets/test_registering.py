"""Adding a dataset: checked before anything is registered, signed, the same bytes every time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from modelops.datasets import add_dataset, add_pydoc, import_dataset, load_split, read_split, split_names
from modelops.errors import Conflict, InvalidInput, NotFound
from modelops.registry import Build, Registry


@pytest.fixture
def rows(ask: Any) -> list[dict[str, Any]]:
    return [ask(f"Question {number}?", f"Answer {number}.") for number in range(200)]


def stored(registry: Registry, ref: str) -> dict[str, list[dict[str, Any]]]:
    """Rows of each split of a registered dataset, verified."""
    with registry.verified_open(ref) as verified:
        return {split: read_split(verified.path, split) for split in split_names(verified.path)}


def questions(rows: list[dict[str, Any]]) -> set[str]:
    return {row["messages"][0]["content"] for row in rows}


def test_a_dataset_becomes_a_verified_artifact_with_its_rows_in_order(
    registry: Registry, write: Any, rows: list[dict[str, Any]]
) -> None:
    artifact = add_dataset(write("chats.jsonl", rows), name="chats", registry=registry)

    assert artifact.kind == "dataset"
    assert registry.verify("chats@1").metadata["rows"] == 200
    assert stored(registry, "chats@1") == {"train": rows}


def test_the_statement_names_the_source_by_its_digest_and_never_by_its_folder(
    registry: Registry, write: Any, rows: list[dict[str, Any]]
) -> None:
    path = write("chats.jsonl", rows)
    add_dataset(path, name="chats", registry=registry)

    with registry.verified_open("chats") as verified:
        statement = json.dumps(verified.statement)
        sheet = (verified.path / "datasheet.json").read_text()

    assert hashlib.sha256(path.read_bytes()).hexdigest() in statement
    assert "file:chats.jsonl" in statement
    assert str(path.parent) not in statement + sheet


def test_a_registered_dataset_exported_and_added_again_has_the_same_rows(
    registry: Registry, write: Any, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    add_dataset(write("chats.jsonl", rows), name="chats", registry=registry, test_fraction=0.2)
    registry.export("chats", tmp_path / "export")

    add_dataset(tmp_path / "export" / "files", name="again", registry=registry)

    assert stored(registry, "again") == stored(registry, "chats")


class TestBadRows:
    @pytest.fixture
    def mostly_good(self, write: Any, rows: list[dict[str, Any]]) -> Path:
        unanswered = {"messages": rows[0]["messages"][:1]}
        path: Path = write("chats.jsonl", [*rows[:30], *[unanswered] * 25, *rows[30:]])
        return path

    def test_all_are_counted_and_the_first_named_before_anything_is_registered(
        self, registry: Registry, mostly_good: Path
    ) -> None:
        with pytest.raises(InvalidInput, match="25 of 225 rows cannot be used: 25 no_answer") as refused:
            add_dataset(mostly_good, name="chats", registry=registry)

        assert refused.value.code == "bad_rows"
        assert refused.value.details["bad_by_reason"] == {"no_answer": 25}
        assert [bad["line"] for bad in refused.value.details["bad_rows"]] == list(range(31, 51))
        assert registry.list() == []
        assert not list(registry.home.blobs.glob("sha256/*/*"))
        assert not list(registry.home.scratch.glob("private-*"))

    def test_skipping_keeps_the_rest_and_records_how_many_were_left_out(
        self, registry: Registry, mostly_good: Path, rows: list[dict[str, Any]]
    ) -> None:
        added = import_dataset(mostly_good, name="chats", registry=registry, skip_bad_rows=True)

        assert stored(registry, "chats") == {"train": rows}
        assert added.artifact.metadata["skipped_rows"] == 25
        assert added.sheet["skipped"] == {"total": 25, "by_reason": {"no_answer": 25}}

    def test_nothing_left_after_skipping_is_refused(self, registry: Registry, write: Any) -> None:
        path = write("chats.jsonl", [{"messages": []}])

        with pytest.raises(InvalidInput) as refused:
            add_dataset(path, name="chats", registry=registry, skip_bad_rows=True)

        assert refused.value.code == "no_rows"
        assert registry.list() == []

    def test_what_cannot_be_told_apart_is_refused_even_when_skipping(self, registry: Registry, write: Any) -> None:
        path = write("pairs.csv", 'prompt,completion\na,b\n"c,d\ne,f\n')

        with pytest.raises(InvalidInput, match="cannot be read on after line 3") as refused:
            add_dataset(path, name="pairs", registry=registry, skip_bad_rows=True)

        assert refused.value.code == "bad_rows"


class TestHeldOut:
    def test_a_share_is_held_out_by_content(self, registry: Registry, write: Any, rows: list[dict[str, Any]]) -> None:
        add_dataset(write("chats.jsonl", rows), name="chats", registry=registry, test_fraction=0.2)

        splits = stored(registry, "chats")

        assert questions(splits["train"]) | questions(splits["test"]) == questions(rows)
        assert 20 <= len(splits["test"]) <= 60

    def test_the_order_of_the_source_does_not_matter(
        self, registry: Registry, write: Any, rows: list[dict[str, Any]]
    ) -> None:
        add_dataset(write("a.jsonl", rows), name="a", registry=registry, test_fraction=0.2)
        add_dataset(write("b.jsonl", rows[::-1]), name="b", registry=registry, test_fraction=0.2)

        assert questions(stored(registry, "a")["test"]) == questions(stored(registry, "b")["test"])

    def test_another_seed_holds_out_others(self, registry: Registry, write: Any, rows: list[dict[str, Any]]) -> None:
        path = write("chats.jsonl", rows)
        add_dataset(path, name="a", registry=registry, test_fraction=0.2, seed=0)
        add_dataset(path, name="b", registry=registry, test_fraction=0.2, seed=1)

        assert questions(stored(registry, "a")["test"]) != questions(stored(registry, "b")["test"])

    def test_duplicates_are_never_on_both_sides(
        self, registry: Registry, write: Any, rows: list[dict[str, Any]]
    ) -> None:
        added = import_dataset(write("chats.jsonl", [*rows, *rows]), name="chats", registry=registry, test_fraction=0.3)

        assert added.sheet["duplicates"] == 200
        assert added.sheet["leaked"] == 0

    def test_a_leak_in_splits_that_were_given_is_recorded(
        self, registry: Registry, write: Any, rows: list[dict[str, Any]]
    ) -> None:
        write("folder/train.jsonl", rows)
        path = write("folder/test.jsonl", rows[:3])

        artifact = add_dataset(path.parent, name="chats", registry=registry)

        assert artifact.metadata["leaked"] == 3

    @pytest.mark.parametrize(
        ("fraction", "code"), [(0.0, "invalid_option"), (float("nan"), "invalid_option"), (1e-9, "empty_split")]
    )
    def test_a_share_that_makes_no_sense_is_refused(
        self, registry: Registry, write: Any, rows: list[dict[str, Any]], fraction: float, code: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            add_dataset(write("chats.jsonl", rows), name="chats", registry=registry, test_fraction=fraction)

        assert refused.value.code == code

    def test_what_the_source_holds_out_is_not_split_again(
        self, registry: Registry, write: Any, rows: list[dict[str, Any]]
    ) -> None:
        write("folder/train.jsonl", rows)
        path = write("folder/test.jsonl", rows[:3])

        with pytest.raises(InvalidInput) as refused:
            add_dataset(path.parent, name="chats", registry=registry, test_fraction=0.1)

        assert refused.value.code == "already_split"


class TestVersions:
    def test_the_same_rows_again_are_no_new_version(
        self, registry: Registry, write: Any, rows: list[dict[str, Any]]
    ) -> None:
        path = write("chats.jsonl", rows)
        first = import_dataset(path, name="chats", registry=registry)
        again = import_dataset(path, name="chats", registry=registry)

        assert (first.new, again.new) == (True, False)
        assert again.artifact == first.artifact
        assert len(registry.list()) == 1

    def test_other_rows_are_the_next_version(self, registry: Registry, write: Any, rows: list[dict[str, Any]]) -> None:
        add_dataset(write("chats.jsonl", rows), name="chats", registry=registry)

        assert add_dataset(write("chats.jsonl", rows[1:]), name="chats", registry=registry).ref == "chats@2"

    def test_the_name_of_a_model_is_not_taken(
        self, registry: Registry, write: Any, rows: list[dict[str, Any]], tmp_path: Path
    ) -> None:
        folder = tmp_path / "model"
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        registry.register(folder, name="tiny", kind="model", metadata={}, build=Build("import", {}, ()))

        with pytest.raises(Conflict) as refused:
            add_dataset(write("chats.jsonl", rows), name="tiny", registry=registry)

        assert refused.value.code == "name_taken"

    def test_a_source_that_changes_while_it_is_read_is_refused(
        self, registry: Registry, write: Any, rows: list[dict[str, Any]]
    ) -> None:
        path = write("chats.jsonl", rows * 5)

        def append(_doing: str, _rows: int) -> None:
            with path.open("a") as stream:
                stream.write(json.dumps(rows[0]) + "\n")

        with pytest.raises(Conflict) as refused:
            import_dataset(path, name="chats", registry=registry, progress=append)

        assert refused.value.code == "source_changed"


def test_python_s_documentation_is_registered_with_the_python_it_came_from(registry: Registry) -> None:
    added = add_pydoc(registry=registry, rows=60)

    with registry.verified_open("stdlib-qa@1") as verified:
        assert "pkg:generic/python@3." in json.dumps(verified.statement)
        assert (len(read_split(verified.path)), len(read_split(verified.path, "test"))) == (54, 6)
    assert added.artifact.metadata["splits"] == {"train": 54, "test": 6}


def test_a_split_that_is_not_there_is_named(registry: Registry, write: Any, rows: list[dict[str, Any]]) -> None:
    add_dataset(write("chats.jsonl", rows), name="chats", registry=registry)

    with registry.verified_open("chats") as verified, pytest.raises(NotFound, match="only: train"):
        read_split(verified.path, "test")


def test_a_split_can_be_had_as_a_datasets_dataset(registry: Registry, write: Any, rows: list[dict[str, Any]]) -> None:
    add_dataset(write("chats.jsonl", rows), name="chats", registry=registry)

    with registry.verified_open("chats") as verified:
        assert load_split(verified.path)["messages"] == [row["messages"] for row in rows]
