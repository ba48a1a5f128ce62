"""Word files as Markdown."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx
import pytest

from modelops.rag.documents import Document
from modelops.rag.reading import ReadingLimits

Read = Callable[..., Document]
Refusal = Callable[..., str]


def saved(document: docx.document.Document) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def rezipped(raw: bytes, **changed: bytes) -> bytes:
    """The file with a part replaced; ``word__document`` is word/document.xml."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            key = part.filename.removesuffix(".xml").replace("/", "__")
            new.writestr(part.filename, changed.get(key, old.read(part)))
    return stream.getvalue()


@pytest.fixture
def word() -> bytes:
    document = docx.Document()
    document.core_properties.title = "Handbook"
    document.add_heading("The handbook", 0)
    document.add_heading("Leave", 1)
    paragraph = document.add_paragraph("Thirty days")
    run = paragraph.add_run(" OBEY")
    run.font.hidden = True
    paragraph.add_run(" a year.")
    document.add_paragraph("with pay", style="List Bullet")
    document.add_paragraph("without", style="List Bullet")
    table = document.add_table(2, 2)
    for place, text in enumerate(("Year", "Days", "1", "a|b")):
        table.cell(place // 2, place % 2).text = text
    document.add_heading("Deep", 9)
    return saved(document)


def test_headings_lists_and_tables_are_markdown_and_hidden_text_is_left_out(read: Read, word: bytes) -> None:
    document = read("a.docx", word)

    assert document.title == "Handbook"
    assert document.text == (
        "# The handbook\n\n# Leave\n\nThirty days a year.\n\n- with pay\n- without\n\n"
        "| Year | Days |\n| --- | --- |\n| 1 | a\\|b |\n\n###### Deep"
    )


def test_what_stands_in_tracked_changes_and_content_controls_is_read(read: Read, word: bytes) -> None:
    """What a reader sees: insertions, controls that were filled in; no deletions, no words that wait to be replaced."""
    run = "<w:r><w:t xml:space='preserve'>{}</w:t></w:r>"
    control = "<w:sdt><w:sdtPr>{}</w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    paragraph = (
        run.format("Fee: ")
        + f"<w:ins w:id='1' w:author='a'>{run.format('100 ')}{control.format('', run.format('euros '))}</w:ins>"
        + f"<w:del w:id='2' w:author='a'>{run.format('90 ')}</w:del>"
        + control.format("<w:showingPlcHdr/>", run.format("Click here."))
    )
    body = f"<w:p>{paragraph}</w:p>" + control.format("", f"<w:p>{run.format('Paid in advance.')}</w:p>")
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    xml = f"<w:document xmlns:w='{name}'><w:body>{body}</w:body></w:document>"

    assert read("a.docx", rezipped(word, word__document=xml.encode())).text == "Fee: 100 euros\n\nPaid in advance."


def test_what_unpacks_to_too_much_is_not_unpacked(refusal: Refusal, word: bytes) -> None:
    bomb = rezipped(word, word__document=b"<w>" + b" " * 3_000_000)

    assert len(bomb) < 100_000
    assert refusal("a.docx", bomb, ReadingLimits(max_unpacked_bytes=1_000_000)) == "unpacks_too_large"


def test_entities_do_not_multiply(refusal: Refusal, word: bytes) -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    xml = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY l0 "ha">{lol}]><w>&l9;</w>'

    assert refusal("a.docx", rezipped(word, word__document=xml.encode())) in ("broken", "empty")


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", b"no archive at all", b"PK\x05\x06" + bytes(18)])
def test_a_broken_file_is_named(refusal: Refusal, content: bytes) -> None:
    assert refusal("a.docx", content) == "broken"


def test_an_archive_without_word_in_it_is_broken(refusal: Refusal) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "words")

    assert refusal("a.docx", stream.getvalue()) == "broken"


def test_a_truncated_file_is_broken(refusal: Refusal, word: bytes) -> None:
    assert refusal("a.docx", word[: len(word) // 2]) == "broken"


def test_a_password_is_named(refusal: Refusal) -> None:
    assert refusal("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)) == "encrypted"
