"""Rows of registered datasets as documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.datasets import add_dataset
from modelops.errors import InvalidInput, NotFound
from modelops.paths import StateHome
from modelops.rag.documents import Document
from modelops.rag.reading import read_documents, read_rows
from modelops.registry import Artifact, Registry

Add = Callable[..., None]


@pytest.fixture
def add(home: StateHome, tmp_path: Path) -> Add:
    """Register rows, as ``{split: rows}``."""

    def add(name: str, **splits: list[dict[str, object]]) -> None:
        for split, rows in splits.items():
            path = tmp_path / name / f"{split}.jsonl"
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        add_dataset(tmp_path / name, name=name, registry=Registry(home))

    return add


def test_texts_are_documents_named_by_version_and_row(add: Add) -> None:
    add("notes", train=[{"text": "one\u200b"}, {"text": "two"}], test=[{"text": "three"}])
    documents = [row for row in read_rows("notes") if isinstance(row, Document)]

    assert [(document.source, document.text) for document in documents] == [
        ("notes@1#1", "one"),
        ("notes@1#2", "two"),
        ("notes@1#test/1", "three"),
    ]
    assert len({document.digest for document in documents}) == 3


def test_chats_and_questions_are_markdown_with_a_heading_for_each_turn(add: Add) -> None:
    add("support", train=[{"prompt": "How?", "completion": "So."}])
    (document,) = read_documents(datasets=["support@1"])

    assert isinstance(document, Document)
    assert (document.text, document.title) == ("# User\n\nHow?\n\n# Assistant\n\nSo.", "How?")
    assert document.media_type == "text/markdown"


def test_what_is_no_dataset_is_refused(tiny_model: Artifact) -> None:
    with pytest.raises(InvalidInput) as caught:
        list(read_rows(tiny_model.ref))
    assert caught.value.code == "not_a_dataset"


def test_what_is_not_registered_is_an_error(home: StateHome) -> None:
    with pytest.raises(NotFound):
        list(read_rows("nothing"))
