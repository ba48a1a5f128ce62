"""PDFs, page by page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelops.rag.documents import Document

Read = Callable[..., Document]
Refusal = Callable[..., str]


Pdf = Callable[..., bytes]


def test_pages_are_known_by_where_they_begin(read: Read, pdf: Pdf) -> None:
    document = read("a.pdf", pdf("First page.", "", "Third page.", title="A title"))

    assert document.title == "A title"
    assert document.text == "First page.\n\n\n\nThird page."
    assert [document.page_at(document.text.index(word)) for word in ("First", "Third")] == [1, 3]
    assert len(document.page_starts) == 3


def test_a_pdf_is_one_whatever_its_name(read: Read, pdf: Pdf) -> None:
    assert read("download", pdf("Words.")).media_type == "application/pdf"


def test_a_pdf_with_a_password_is_named(refusal: Refusal, pdf: Pdf) -> None:
    assert refusal("a.pdf", pdf("Words.", password="secret")) == "encrypted"


def test_pages_without_text_are_named_as_scanned(refusal: Refusal, pdf: Pdf) -> None:
    assert refusal("a.pdf", pdf("", "")) == "no_text_layer"


@pytest.mark.parametrize("content", [b"%PDF-1.7\nand nothing of one", b"%PDF-", b"\x00no pdf"])
def test_a_broken_pdf_is_named(refusal: Refusal, content: bytes) -> None:
    assert refusal("a.pdf", content) in ("broken", "binary")


def test_a_truncated_pdf_is_read_or_named(refusal: Refusal, pdf: Pdf) -> None:
    assert refusal("a.pdf", pdf("Words. " * 300)[:400]) == "broken"


def test_words_cut_by_the_end_of_a_line_are_whole(read: Read) -> None:
    from modelops.rag.reading.pdf_files import without_hyphens

    assert without_hyphens("infor\ufffe\r\nmation") == "information"
