"""One bad document costs no other, and never more than its limits."""

from __future__ import annotations

import os
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from modelops.rag.documents import Document, Skipped
from modelops.rag.reading import FoundFile, Reader, ReadingLimits

Write = Callable[[str, bytes | str], Path]
LONG = "<p>words</p><ul><li>one<li>two</ul>" * 150_000
"""A page that takes seconds to parse."""


def found(path: Path) -> FoundFile:
    return FoundFile(path.name, path)


def code(reader: Reader, path: Path) -> str:
    answer = reader.read(found(path))
    assert isinstance(answer, Skipped)
    assert answer.source == path.name
    return answer.code


def parsers() -> set[psutil.Process]:
    """The processes that parse for this one."""
    alive = (child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE)
    return {child for child in alive if "reading.worker" in " ".join(child.cmdline())}


def is_read(reader: Reader, path: Path) -> bool:
    return isinstance(reader.read(found(path)), Document)


def test_what_comes_back_is_what_was_parsed(write: Write, pdf: Callable[..., bytes]) -> None:
    with Reader() as reader:
        document = reader.read(found(write("a.pdf", pdf("One.", "Two."))))
        odd = reader.read(found(write("b.txt", "😀 words")))

    assert isinstance(document, Document)
    assert document.page_starts == (0, 6)
    assert isinstance(odd, Document)
    assert odd.text == "😀 words"


def test_a_document_that_takes_too_long_is_named_and_the_next_is_read(write: Write) -> None:
    slow, quick = write("slow.html", LONG), write("quick.txt", "words")
    with Reader() as reader:
        assert is_read(reader, quick)  # its process runs
        reader.limits = ReadingLimits(seconds=0.5)
        assert code(reader, slow) == "time_limit"
        reader.limits = ReadingLimits()
        assert is_read(reader, quick)


def test_a_document_that_needs_too_much_memory_is_named_and_the_next_is_read(write: Write) -> None:
    large, small = write("large.html", LONG), write("small.txt", "words")
    with Reader(ReadingLimits(memory_bytes=300 << 20)) as reader:
        assert code(reader, large) in ("out_of_memory", "parser_failed")
        assert is_read(reader, small)


def test_a_page_that_unpacks_to_more_than_memory_is_named_and_the_next_is_read(write: Write) -> None:
    packing = zlib.compressobj(9)
    packed = b"".join([*(packing.compress(b"(a) Tj " * 1_000_000) for _ in range(60)), packing.flush()])
    bomb = write("bomb.pdf", one_page(b"<< /Length %d /Filter /FlateDecode >>" % len(packed), packed))
    with Reader(ReadingLimits(memory_bytes=600 << 20)) as reader:
        assert code(reader, bomb) in ("out_of_memory", "parser_failed")
        assert is_read(reader, write("small.txt", "words"))


def one_page(dictionary: bytes, content: bytes) -> bytes:
    """A PDF of one page with this content stream."""
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources << >> >>",
        dictionary + b"\nstream\n" + content + b"\nendstream",
    )
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(b"%010d 00000 n \n" % len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(places)
    return made + table + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(made)


def test_a_parser_that_dies_is_named_and_the_next_is_read(write: Write) -> None:
    slow, quick = write("slow.html", LONG), write("quick.txt", "words")
    before = parsers()
    with Reader() as reader:
        assert is_read(reader, quick)
        (parser,) = parsers() - before
        threading.Timer(0.3, parser.kill).start()
        answer = reader.read(found(slow))
        assert isinstance(answer, Skipped)
        assert (answer.code, "signal 9" in answer.reason) == ("parser_failed", True)
        assert is_read(reader, quick)


def test_no_process_is_left(write: Write) -> None:
    before = parsers()
    with Reader() as reader:
        assert is_read(reader, write("a.txt", "words"))
        (parser,) = parsers() - before

    assert not parser.is_running()


def test_markup_without_end_is_named_or_read(write: Write) -> None:
    with Reader() as reader:
        deep = reader.read(found(write("deep.html", "<div>" * 100_000 + "words")))
        quotes = reader.read(found(write("deep.md", ">" * 100_000 + " words")))
        assert all(isinstance(answer, Document) or answer.code for answer in (deep, quotes))
        assert is_read(reader, write("a.txt", "words"))


def test_a_file_beyond_the_limit_is_not_read_into_memory(write: Write) -> None:
    path = write("large.txt", "")
    os.truncate(path, 200_000_000)  # a hole, which reads as zeros
    with Reader(ReadingLimits(memory_bytes=250 << 20)) as reader:
        assert code(reader, path) == "too_large"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_named(write: Write) -> None:
    path = write("a.txt", "words")
    path.chmod(0)
    with Reader() as reader:
        assert code(reader, path) == "unreadable"


def test_a_file_that_went_away_or_became_something_else_is_named(write: Write, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(write("a.txt", "words"))
    begin = time.monotonic()
    with Reader() as reader:
        assert code(reader, tmp_path / "gone") == "unreadable"
        assert code(reader, tmp_path / "link") == "unreadable"
        assert code(reader, tmp_path / "pipe") == "special_file"
        assert code(reader, tmp_path) in ("special_file", "unreadable")
    assert time.monotonic() - begin < ReadingLimits().seconds
