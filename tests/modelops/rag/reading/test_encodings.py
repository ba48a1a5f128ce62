"""Texts in any encoding that can be told, and what is no text."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable

import pytest

from modelops.rag.documents import Document

Read = Callable[..., Document]
Refusal = Callable[..., str]


PROSE = "Größe, Länge und Übermaß ändern sich über die Jahre; müßig, darüber zu grübeln. " * 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_a_text_is_read_in_its_encoding(read: Read, encoding: str) -> None:
    assert read("a.txt", PROSE.encode(encoding)).text == PROSE


def test_a_page_is_read_as_it_says_and_as_its_server_says(read: Read) -> None:
    cyrillic = "<meta charset='koi8-r'><p>Привет, мир</p>".encode("koi8-r")

    assert read("a.html", cyrillic).text == "Привет, мир"
    assert read("a.html", "<p>Привет</p>".encode("cp1251"), charset="windows-1251").text == "Привет"


def test_a_python_file_is_read_as_its_first_line_says(read: Read) -> None:
    source = "# -*- coding: koi8-r -*-\ns = 'Привет'\n"

    assert read("a.py", source.encode("koi8-r")).text == source


def test_a_text_that_breaks_its_own_mark_is_named(refusal: Refusal) -> None:
    assert refusal("a.txt", codecs.BOM_UTF8 + b"\xff\xfe\xfa") == "broken"


@pytest.mark.parametrize("content", [b"\x7fELF\x02\x01\x01\x00\x00", b"\x01\x02\x03\x04\x05 text" * 50])
def test_programs_and_the_like_are_binary(refusal: Refusal, content: bytes) -> None:
    assert refusal("tool", content) == "binary"


def test_noise_is_no_text(refusal: Refusal) -> None:
    noise = bytes(byte | 0x80 for byte in os.urandom(5000))

    assert refusal("a.txt", noise) in ("unknown_encoding", "binary")
