"""Which files a folder's documents are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.errors import InvalidInput, NotFound
from modelops.rag.reading import find_documents

Write = Callable[[str, bytes | str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


def test_files_are_found_to_the_bottom_in_the_same_order(write: Write, folder: Path) -> None:
    for name in ("b.txt", "a/z.md", "a/b/c.txt", "B.txt"):
        write(name, "words")

    assert [file.source for file in find_documents([folder]).files] == ["B.txt", "a/b/c.txt", "a/z.md", "b.txt"]
    assert find_documents([folder / "b.txt"]).files[0].source == "b.txt"


def test_patterns_choose_by_name_and_by_path(write: Write, folder: Path) -> None:
    for name in ("a.md", "guide/b.md", "guide/c.txt", "old/d.md"):
        write(name, "words")

    def sources(**patterns: list[str]) -> list[str]:
        return [file.source for file in find_documents([folder], **patterns).files]

    assert sources(include=["*.md"], exclude=["old/*"]) == ["a.md", "guide/b.md"]
    assert sources(include=["guide/*"]) == ["guide/b.md", "guide/c.txt"]


def test_links_hidden_and_special_files_are_named(write: Write, folder: Path, tmp_path: Path) -> None:
    write("a.txt", "words")
    write(".env", "SECRET")
    write(".git/config", "words")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "out").symlink_to(tmp_path)
    (folder / "within.txt").symlink_to("a.txt")
    os.mkfifo(folder / "pipe")
    found = find_documents([folder])

    assert [file.source for file in found.files] == ["a.txt"]
    assert {skipped.source: skipped.code for skipped in found.skipped} == {
        ".env": "hidden",
        ".git/": "hidden",
        "link.txt": "link",
        "out/": "link",
        "within.txt": "link",
        "pipe": "special_file",
    }


@pytest.mark.parametrize("name", [b"\xff\xfe.txt", "a\u202etxt.exe".encode(), b"a\nb.txt", "a\u200b.txt".encode()])
def test_a_name_that_shows_as_another_is_named(write: Write, folder: Path, name: bytes) -> None:
    write("a.txt", "words")
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("words")
    found = find_documents([folder])

    assert [skipped.code for skipped in found.skipped] == ["unsafe_name"]
    assert found.skipped[0].source.encode()
    assert len(found.files) == 1
    by_name = find_documents([folder / "a.txt", os.fsdecode(os.fsencode(folder) + b"/" + name)])
    assert [skipped.code for skipped in by_name.skipped] == ["unsafe_name"]


def test_a_path_that_is_a_link_itself_was_named_by_the_user(write: Write, folder: Path, tmp_path: Path) -> None:
    write("a.txt", "words")
    (tmp_path / "current").symlink_to(folder)

    assert [file.source for file in find_documents([tmp_path / "current"]).files] == ["a.txt"]


def test_of_several_folders_each_source_begins_with_its_own(write: Write, folder: Path) -> None:
    for name in ("one/a.txt", "two/a.txt", "b.txt"):
        write(name, "words")
    found = find_documents([folder / "one", folder / "two", folder / "b.txt"])

    assert [file.source for file in found.files] == ["b.txt", "one/a.txt", "two/a.txt"]


def test_two_files_of_one_name_are_refused(write: Write, folder: Path) -> None:
    paths = [write("one/docs/a.txt", "words").parent, write("two/docs/a.txt", "words").parent]

    with pytest.raises(InvalidInput) as caught:
        find_documents(paths)
    assert caught.value.code == "same_source"


def test_the_same_file_named_twice_is_read_once(write: Write, folder: Path) -> None:
    path = write("a.txt", "words")

    assert len(find_documents([path, path]).files) == 1


def test_nothing_to_read_is_an_error(folder: Path) -> None:
    folder.mkdir()
    with pytest.raises(InvalidInput) as caught:
        find_documents([folder])
    assert caught.value.code == "no_documents"
    with pytest.raises(NotFound) as missing:
        find_documents([folder / "nowhere"])
    assert missing.value.code == "file_not_found"
