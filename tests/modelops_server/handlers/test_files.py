"""Paths of requests stay below the server's root folder, whatever they are written like."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops_server.handlers.files import confined


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "inside").mkdir(parents=True)
    (tmp_path / "secret.ipynb").touch()
    (root / "inside" / "a.ipynb").touch()
    (root / "out").symlink_to(tmp_path)
    (root / "in").symlink_to(root / "inside")
    return root


@pytest.mark.parametrize("path", ["inside/a.ipynb", "./inside/../inside/a.ipynb", "in/a.ipynb", "inside//a.ipynb"])
def test_a_path_below_the_root_is_the_file_it_leads_to(root: Path, path: str) -> None:
    assert confined(root, path) == root / "inside" / "a.ipynb"


def test_an_absolute_path_is_taken_where_it_lies_within(root: Path) -> None:
    assert confined(root, str(root / "in" / "a.ipynb")) == root / "inside" / "a.ipynb"


def test_the_root_may_be_a_link_itself(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)

    assert confined(tmp_path / "link", "inside/a.ipynb") == root / "inside" / "a.ipynb"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.ipynb",
        "inside/../../secret.ipynb",
        "out/secret.ipynb",
        "/etc/passwd",
        "out/root/../secret.ipynb",
        "..",
    ],
)
def test_a_path_that_leads_out_is_refused(root: Path, path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        confined(root, path)

    assert refusal.value.code == "path_outside"


def test_a_folder_whose_name_begins_like_the_roots_is_outside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "root-too").mkdir()

    with pytest.raises(InvalidInput):
        confined(root, "../root-too")


@pytest.mark.parametrize("path", ["a\0b", "/root\0/a", "x" * 300 + "/" + "y" * 5000])
def test_what_is_no_path_is_refused(root: Path, path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        confined(root, path)

    assert refusal.value.code in {"invalid_path", "path_outside"}


def test_a_loop_of_links_is_refused(root: Path) -> None:
    (root / "loop").symlink_to(root / "loop")

    with pytest.raises(InvalidInput):
        confined(root, "loop/a.ipynb")


@pytest.mark.parametrize("path", ["%2e%2e/secret.ipynb", "..%2fsecret.ipynb", "~/secret.ipynb"])
def test_nothing_in_a_path_is_expanded(root: Path, path: str) -> None:
    assert confined(root, path).is_relative_to(root)
