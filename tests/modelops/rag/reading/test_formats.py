"""What a document is, and what is not read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelops.rag.documents import Document

Read = Callable[..., Document]
Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("README", "text/plain"),
        ("notes.txt", "text/plain"),
        ("page.HTM", "text/html"),
        ("a.markdown", "text/markdown"),
        ("a.py", "text/x-python"),
        ("a.ts", "text/x-typescript"),
        ("a.rs", "text/x-rust"),
        ("table.csv", "text/plain"),
    ],
)
def test_the_name_tells_the_format_of_a_text(read: Read, name: str, media_type: str) -> None:
    assert read(name, "some words").media_type == media_type


def test_a_server_tells_the_format_where_a_name_does_not(read: Read) -> None:
    assert read("page", "<p>words</p>", declared="text/html").text == "words"
    assert read("a.py", "x = 1", declared="text/plain").media_type == "text/x-python"


@pytest.mark.parametrize("name", ["a.doc", "a.odt", "a.pptx", "a.xlsx", "a.epub", "a.zip", "a.png", "a.mp3", "a.svg"])
def test_other_formats_are_named_with_what_to_do(refusal: Refusal, name: str) -> None:
    assert refusal(name, b"\x89anything") == "unsupported_format"


def test_an_archive_under_another_name_is_binary(refusal: Refusal) -> None:
    assert refusal("a.txt", b"PK\x03\x04 and more") == "binary"


@pytest.mark.parametrize("name", ["a.txt", "a.pdf", "a.html", "a.md", "a.docx", "a.ipynb", "a.py", "a"])
def test_nothing_is_empty_whatever_its_name(refusal: Refusal, name: str) -> None:
    assert refusal(name, b"") == "empty"
    assert refusal(name, b" \n\t\n") == "empty"


def test_a_text_that_cannot_be_seen_is_empty(refusal: Refusal) -> None:
    assert refusal("a.txt", "\u200b\u202e") == "empty"
    assert refusal("a.html", "<p hidden>words</p>") == "empty"


def test_the_digest_is_of_the_bytes(read: Read) -> None:
    import hashlib

    raw = b"\xef\xbb\xbfwords\r\n"

    assert read("a.txt", raw).digest == f"sha256:{hashlib.sha256(raw).hexdigest()}"
    assert read("folder/a.txt", raw).title == "a.txt"
