"""Markdown is cut at its headings, and each chunk knows its own."""

from __future__ import annotations

from collections.abc import Callable

from modelops.rag.chunking import ChunkSettings, chunks_of
from modelops.rag.documents import Document
from modelops.rag.outlines import headings_of

Count = Callable[[str], int]
Make = Callable[..., Document]


def sentences(word: str, count: int) -> str:
    return " ".join(f"The {word} has sentence {n}." for n in range(count))


def test_chunks_stay_within_their_sections(document: Make, count_tokens: Count) -> None:
    text = (
        f"{sentences('preface', 12)}\n\n# Guide\n\n## Install\n\n{sentences('install', 20)}\n\n"
        f"### On *Linux*\n\n{sentences('linux', 3)}\n\nUse\n---\n\n{sentences('use', 30)}\n\n# End\n\n"
        f"{sentences('end', 2)}"
    )
    chunks = chunks_of(document(text, "text/markdown"), ChunkSettings(count_tokens, chunk_size=100, overlap=16))

    assert list(dict.fromkeys(chunk.headings for chunk in chunks)) == [
        (),
        ("Guide", "Install"),
        ("Guide", "Install", "On Linux"),
        ("Guide", "Use"),
        ("End",),
    ]
    for chunk in chunks:
        words = {word for word in ("preface", "install", "linux", "use", "end") if f"The {word}" in chunk.text}
        assert len(words) == 1
    assert any(chunk.text.startswith("# Guide\n\n## Install\n\nThe install") for chunk in chunks)


def test_a_section_that_fits_is_one_chunk_with_all_below_it(document: Make, count_tokens: Count) -> None:
    text = f"# Long\n\n{sentences('long', 30)}\n\n# Short\n\nOne.\n\n## A\n\nTwo.\n\n## B\n\nThree."
    chunks = chunks_of(document(text, "text/markdown"), ChunkSettings(count_tokens, chunk_size=64, overlap=0))

    assert (chunks[-1].text, chunks[-1].headings) == ("# Short\n\nOne.\n\n## A\n\nTwo.\n\n## B\n\nThree.", ("Short",))


def test_what_looks_like_a_heading_in_code_is_none() -> None:
    text = "# Real\n\n```sh\n# comment\n```\n\n    # indented\n\n> # quoted\n\n#hashtag\n\nUnder\nlined\n=====\n"

    assert [(heading.level, heading.text) for heading in headings_of(text)] == [(1, "Real"), (1, "Under lined")]
    assert [text[heading.start :].split("\n")[0] for heading in headings_of(text)] == ["# Real", "Under"]


def test_names_with_underscores_stay_whole_in_headings() -> None:
    assert [heading.text for heading in headings_of("## `make_it` and __strong__ of *a_b*\n")] == [
        "make_it and strong of a_b"
    ]


def test_what_says_nothing_is_no_chunk(document: Make, count_tokens: Count) -> None:
    text = f"# A\n\n```\n{sentences('code', 30)}\n```\n\n---\n\n***\n"
    chunks = chunks_of(document(text, "text/markdown"), ChunkSettings(count_tokens, chunk_size=64, overlap=0))

    assert all(any(map(str.isalnum, chunk.text)) for chunk in chunks)
