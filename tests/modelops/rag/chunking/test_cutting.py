"""Chunks are spans of the text, small enough, and leave nothing out."""

from __future__ import annotations

import inspect
import io
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelops.errors import InvalidInput
from modelops.rag.chunking import ChunkSettings, Strategy, chunks_of, strategy_for
from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document

Count = Callable[[str], int]
Make = Callable[..., Document]
TYPES = ("text/plain", "text/markdown", "text/html", "text/x-python", "text/x-c++", "text/x-typescript")
LICENCES = Path("/usr/share/common-licenses")


def check(document: Document, chosen: ChunkSettings) -> list[Chunk]:
    """What holds for every document and all settings."""
    chunks = chunks_of(document, chosen)
    end = 0
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()
        assert chosen.fits(chunk.text) or len(chunk.text) == 1
        assert not any(map(str.isalnum, document.text[end : chunk.start]))
        end = max(end, chunk.end)
    assert not any(map(str.isalnum, document.text[end:]))
    assert [chunk.start for chunk in chunks] == sorted(chunk.start for chunk in chunks)
    assert chunks_of(document, chosen) == chunks
    return chunks


def real_texts() -> dict[str, tuple[str, str]]:
    texts = {f"{module.__name__}.py": (inspect.getsource(module), "text/x-python") for module in (inspect, io, json)}
    texts["docstrings"] = (
        "\n\n".join(inspect.getdoc(value) or "" for _, value in inspect.getmembers(io)),
        "text/plain",
    )
    for name in ("GPL-3", "Apache-2.0"):
        if (LICENCES / name).is_file():
            texts[name] = ((LICENCES / name).read_text(), "text/plain")
    for page in ("jobs.md", "datasets.md"):
        texts[page] = ((Path(__file__).parents[4] / "docs" / page).read_text(), "text/markdown")
    return texts


@pytest.mark.parametrize("strategy", get_args(Strategy))
@pytest.mark.parametrize("name", real_texts())
def test_real_texts_are_cut_into_spans(document: Make, count_tokens: Count, name: str, strategy: Strategy) -> None:
    text, media_type = real_texts()[name]
    chunks = check(document(text[:40_000], media_type), ChunkSettings(count_tokens, strategy, 128, 24))

    assert len(chunks) > 5


@pytest.mark.parametrize("strategy", get_args(Strategy))
@pytest.mark.parametrize(
    "text",
    [
        "The same line of a log.\n" * 500,
        "a " * 2000,
        "| a | b |\n" * 500,
        "x" * 5000,
        "这是一个句子。那是另一个。" * 200,
        "😀 fine é̃ " * 200,
        "# A\n\ntext here.\n\n## B\n\ntext here.\n\n" * 100,
        "-" * 3000 + "\n" + "*" * 3000,
        "#\n##\n# # #\n" * 50,
        "```\n" * 101,
    ],
)
def test_repeated_passages_are_found_in_their_own_place(
    document: Make, count_tokens: Count, text: str, strategy: Strategy
) -> None:
    for media_type in ("text/markdown", "text/x-python"):
        check(document(text, media_type), ChunkSettings(count_tokens, strategy, 64, 16))


MARKS = st.sampled_from(
    [
        "# ",
        "## ",
        "\n",
        "\n\n",
        "```\n",
        "- ",
        "    ",
        "def f():\n",
        "class A:\n",
        "{",
        "}",
        "word ",
        "Ende. ",
        "日本",
        "é",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.text(max_size=400), st.lists(MARKS, max_size=120).map("".join)),
    st.sampled_from(get_args(Strategy)),
    st.sampled_from(TYPES),
    st.sampled_from([(16, 0), (16, 8), (40, 5)]),
)
@example("\x1f", "sentence", "text/plain", (16, 0))
def test_any_text_is_cut_into_spans(text: str, strategy: Strategy, media_type: str, size: tuple[int, int]) -> None:
    def words_and_signs(part: str) -> int:
        return len(part.split()) + sum(not c.isalnum() and not c.isspace() for c in part)

    check(Document("a", "", media_type, text), ChunkSettings(words_and_signs, strategy, *size))


@pytest.mark.parametrize("strategy", ["sentence", "token"])
def test_chunks_repeat_the_end_of_the_one_before(document: Make, count_tokens: Count, strategy: Strategy) -> None:
    text = " ".join(f"This is sentence number {n}." for n in range(200))
    apart = check(document(text), ChunkSettings(count_tokens, strategy, 64, 0))
    lapped = check(document(text), ChunkSettings(count_tokens, strategy, 64, 20))

    assert all(one.end <= two.start for one, two in pairwise(apart))
    assert all(one.end > two.start for one, two in pairwise(lapped))
    repeated = [count_tokens(text[two.start : one.end]) for one, two in pairwise(lapped)]
    assert max(repeated) <= 20


def test_a_sentence_is_not_cut_where_it_fits(document: Make, count_tokens: Count) -> None:
    text = " ".join(f"This is sentence number {n}." for n in range(100))
    chunks = check(document(text), ChunkSettings(count_tokens, "sentence", 64, 0))

    assert all(chunk.text.startswith("This") and chunk.text.endswith(".") for chunk in chunks)


def test_a_chunk_has_the_page_it_begins_on(document: Make, count_tokens: Count) -> None:
    pages = [f"This is page {n}. " * 30 for n in range(1, 4)]
    starts = (0, len(pages[0]) + 2, len(pages[0]) + len(pages[1]) + 4)
    chunks = check(
        document("\n\n".join(pages), "application/pdf", starts), ChunkSettings(count_tokens, chunk_size=64, overlap=0)
    )

    assert {chunk.page for chunk in chunks} == {1, 2, 3}
    assert all(f"This is page {chunk.page}." in chunk.text for chunk in chunks)


def test_a_long_text_without_any_place_to_cut_takes_no_square_of_time(document: Make) -> None:
    counted = [0]

    def characters(text: str) -> int:
        counted[0] += len(text)
        return len(text) // 4

    def work(length: int) -> int:
        counted[0] = 0
        check(document("a,b" * (length // 3)), ChunkSettings(characters, "sentence", 256, 0))
        return counted[0]

    assert work(600_000) < 2.5 * work(300_000)


def test_auto_is_by_the_format() -> None:
    def chosen(media_type: str, strategy: Strategy = "auto") -> Strategy:
        return strategy_for(Document("a", "", media_type, "text"), strategy)

    assert [chosen(kind) for kind in ("text/html", "text/markdown", "application/x-ipynb+json")] == ["heading"] * 3
    assert [chosen(kind) for kind in ("text/x-python", "text/x-rust")] == ["code"] * 2
    assert [chosen(kind) for kind in ("text/plain", "application/pdf", "text/x-cobol")] == ["sentence"] * 3
    assert chosen("text/plain", "code") == "sentence"
    assert chosen("text/markdown", "token") == "token"


@pytest.mark.parametrize(
    "wrong", [{"chunk_size": 0}, {"chunk_size": 15}, {"overlap": -1}, {"overlap": 129}, {"strategy": "semantic"}]
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        ChunkSettings(len, **wrong)
    assert caught.value.code == "invalid_chunking"
