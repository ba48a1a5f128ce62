"""Everything that an index is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.rag.documents import Document
from modelops.rag.reading import read_documents

Write = Callable[[str, bytes | str], Path]


def test_bad_documents_are_named_and_good_ones_are_read(write: Write, pdf: Callable[..., bytes]) -> None:
    write("good.md", "# Words")
    write("good.pdf", pdf("Words."))
    write("locked.pdf", pdf("Words.", password="secret"))
    write("scanned.pdf", pdf(""))
    write("broken.pdf", "%PDF-1.4 nothing")
    write("broken.ipynb", "{")
    write("broken.docx", "nothing")
    write("empty.txt", "")
    write("tool", b"\x7fELF\0\0")
    write("old.doc", b"\xd0\xcf\x11\xe0")
    write(".hidden", "secret")
    answers = list(read_documents([write("good.txt", "words").parent]))

    assert [answer.source for answer in answers if isinstance(answer, Document)] == ["good.md", "good.pdf", "good.txt"]
    assert Counter(answer.code for answer in answers if not isinstance(answer, Document)) == {
        "broken": 3,
        "encrypted": 1,
        "no_text_layer": 1,
        "empty": 1,
        "binary": 1,
        "unsupported_format": 1,
        "hidden": 1,
    }


def test_reading_twice_gives_the_same(write: Write) -> None:
    for name in ("b.md", "a.txt", "c/d.html"):
        folder = write(name, "<p>words").parent
    folder = folder.parent

    assert list(read_documents([folder])) == list(read_documents([folder]))


def test_a_url_named_twice_is_read_once() -> None:
    answers = list(read_documents(urls=["ftp://x/", "ftp://x/"]))

    assert [answer.code for answer in answers if not isinstance(answer, Document)] == [
        "invalid_url",
        "duplicate_source",
    ]


def test_nothing_named_is_an_error_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_documents()
    assert caught.value.code == "no_documents"


def test_the_repositorys_own_notebooks_and_pages_are_read(pytestconfig: pytest.Config) -> None:
    root = pytestconfig.rootpath
    answers = list(read_documents([root / "templates", root / "docs"], include=["*.ipynb", "*.md"]))

    assert len(answers) > 20
    assert all(isinstance(answer, Document) and answer.text and answer.title for answer in answers)
