"""Where templates are found, and which notebook a name means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.errors import InvalidInput, NotFound
from modelops.paths import StateHome
from modelops.templates import Catalog, find_template, list_templates

WriteNotebook = Callable[..., Path]


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where an installed package would put its templates."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    return tmp_path / "share" / "modelops" / "templates"


def test_the_repository_comes_first_then_shared_folders_then_the_users(home: StateHome, shared: Path) -> None:
    folders = Catalog(home).folders()
    assert folders[0] == Path(__file__).parents[3] / "templates"
    assert 0 < folders.index(shared) < folders.index(home.templates) == len(folders) - 1


def test_the_users_folder_comes_last_also_where_jupyter_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: Path
) -> None:
    home = StateHome(tmp_path / "share" / "modelops")
    assert Catalog(home).folders()[-1] == shared == home.templates


def test_templates_of_every_folder_are_listed(home: StateHome, shared: Path, write_notebook: WriteNotebook) -> None:
    write_notebook(folder=shared, name="zz-installed.ipynb")
    write_notebook(folder=home.templates, name="zz-mine.ipynb")
    assert {"zz-installed", "zz-mine"} <= {template.name for template in list_templates(home)}


def test_a_broken_notebook_is_listed_with_its_error_and_harms_no_other(
    home: StateHome, write_notebook: WriteNotebook
) -> None:
    write_notebook("x = f()", folder=home.templates, name="zz-broken.ipynb")
    write_notebook(folder=home.templates, name="zz-whole.ipynb")
    entries = {entry.name: entry for entry in Catalog(home).entries()}
    assert entries["zz-broken"].template is None
    assert entries["zz-broken"].error is not None
    assert entries["zz-broken"].error.code == "invalid_parameters_cell"
    assert entries["zz-whole"].error is None


def test_a_broken_notebook_asked_for_by_name_says_why(home: StateHome, write_notebook: WriteNotebook) -> None:
    write_notebook("x = f()", folder=home.templates, name="zz-broken.ipynb")
    with pytest.raises(InvalidInput, match="Line 1 of the parameters cell"):
        find_template("zz-broken", home)


def test_the_first_notebook_of_a_name_has_it_and_the_other_is_listed_as_shadowed(
    home: StateHome, shared: Path, write_notebook: WriteNotebook
) -> None:
    installed = write_notebook("x = 1", folder=shared, name="zz-same.ipynb")
    mine = write_notebook("x = 2", folder=home.templates, name="zz-same.ipynb")
    assert find_template("zz-same", home).path == installed
    assert find_template(str(mine), home).path == mine
    same = [(entry.path, entry.shadowed_by) for entry in Catalog(home).entries() if entry.name == "zz-same"]
    assert same == [(installed, None), (mine, installed)]
    assert [template.path for template in list_templates(home) if template.name == "zz-same"] == [installed]


def test_any_notebook_is_found_by_its_path(
    home: StateHome, tmp_path: Path, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_notebook(name="My Work.ipynb")
    monkeypatch.chdir(tmp_path)
    assert find_template("My Work.ipynb", home).path == path
    assert find_template(f"../{tmp_path.name}/My Work.ipynb", home).name == "my-work"


def test_an_unknown_name_is_answered_with_the_nearest_one(home: StateHome, write_notebook: WriteNotebook) -> None:
    write_notebook(folder=home.templates, name="zz-mine.ipynb")
    with pytest.raises(NotFound) as caught:
        find_template("zz-mien", home)
    assert "Did you mean zz-mine?" in caught.value.hint


@pytest.mark.parametrize("name", ["", "a\0b", "a\0b.ipynb"])
def test_what_can_be_no_name_is_refused(home: StateHome, name: str) -> None:
    with pytest.raises(InvalidInput):
        find_template(name, home)


def test_hidden_files_are_no_templates(home: StateHome, write_notebook: WriteNotebook) -> None:
    write_notebook(folder=home.templates, name=".zz-hidden.ipynb")
    assert not [entry for entry in Catalog(home).entries() if "zz-hidden" in entry.path.name]
