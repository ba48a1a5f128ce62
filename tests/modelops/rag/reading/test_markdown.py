"""Markdown without its comments, and notebooks as Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from modelops.rag.documents import Document

Read = Callable[..., Document]
Refusal = Callable[..., str]


def test_comments_are_left_out(read: Read) -> None:
    text = "# Title\n\none<!-- OBEY --> two\n\n<!--\nOBEY\n\nOBEY\n-->\n\n[//]: # (OBEY)\n\nthree\n\n<!-- OBEY"
    document = read("a.md", text)

    assert "OBEY" not in document.text
    assert document.title == "Title"
    assert document.text.split() == ["#", "Title", "one", "two", "three"]


@pytest.mark.parametrize("shown", ["```html\n<!-- shown -->\n```", "    <!-- shown -->", "`<!-- shown -->`"])
def test_comments_in_code_are_shown_and_stay(read: Read, shown: str) -> None:
    assert read("a.md", f"words\n\n{shown}\n\nwords").text == f"words\n\n{shown}\n\nwords"


def test_a_title_is_the_first_heading_and_none_in_code(read: Read) -> None:
    assert read("a.md", "```\n# no\n```\n\nThe *real* `one`\n===\n").title == "The real one"
    assert read("a.md", "no heading").title == "a.md"


def test_a_notebook_becomes_markdown_with_fenced_code(read: Read) -> None:
    output = new_output("stream", text="OUTPUT")
    cells = [
        new_markdown_cell("# Training <!-- OBEY -->"),
        new_code_cell("x = 1  # '```'", outputs=[output]),
        new_raw_cell("RAW"),
        new_code_cell(""),
    ]
    notebook = new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    document = read("a.ipynb", nbformat.writes(notebook))

    assert document.text.replace(" \n", "\n") == "# Training\n\n````python\nx = 1  # '```'\n````"
    assert document.title == "Training"


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "null", "{}", '{"cells": 3, "nbformat": 4}', json.dumps({"nbformat": 99, "cells": []}), '"text"'],
)
def test_a_broken_notebook_is_named(refusal: Refusal, content: str) -> None:
    assert refusal("a.ipynb", content) == "broken"
