"""The templates resource: what can be run, and its form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.paths import StateHome

from .conftest import Api


async def test_the_templates_of_this_installation_are_listed_with_what_they_do(api: Api) -> None:
    templates = {found["name"]: found for found in (await api.get("templates")).json["templates"]}

    assert templates["sft"]["produces"] == ["adapter", "model"]
    assert templates["sft"]["error"] is None
    assert "schema" not in templates["sft"]


async def test_a_broken_notebook_is_listed_with_its_error_and_a_shadowed_one_is_left_out(
    api: Api, home: StateHome, notebook: Callable[..., Path]
) -> None:
    home.templates.mkdir(parents=True)
    notebook(parameters="x = f()").rename(home.templates / "broken.ipynb")
    notebook("1").rename(home.templates / "sft.ipynb")

    templates = (await api.get("templates")).json["templates"]

    broken = next(found for found in templates if found["name"] == "broken")
    assert broken["error"]["code"] == "invalid_parameters_cell"
    assert [found["resumable"] for found in templates if found["name"] == "sft"] == [True]


async def test_a_template_has_the_schema_of_its_form(api: Api) -> None:
    template = (await api.get("templates/sft")).json

    assert template["schema"]["properties"]["base_model"]["x-reference"] == "model"
    assert "x-groups" in template["schema"]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("no-such", 404, "template_not_found"),
        ("..", 422, "invalid_name"),
        ("%2e%2e%2fsecret.ipynb", 422, "invalid_name"),
        ("%2Fetc%2Fpasswd", 422, "invalid_name"),
        ("a%00b", 422, "invalid_name"),
        ("%3Cscript%3E", 422, "invalid_name"),
        ("%FF", 400, "bad_request"),
    ],
)
async def test_no_other_name_leads_anywhere(api: Api, name: str, status: int, code: str) -> None:
    answer = await api.get(f"templates/{name}")

    assert (answer.status, answer.json["code"]) == (status, code)


async def test_any_notebook_below_the_root_is_read_as_a_template(
    api: Api, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    path = notebook("1", parameters="rank: int = 8  # Rank", name="mine")
    (tmp_path / "folder").mkdir()
    path.rename(tmp_path / "folder" / "mine.ipynb")

    template = (await api.post("templates/inspect", {"path": "folder/mine.ipynb"})).json

    assert template["path"] == "folder/mine.ipynb"
    assert template["schema"]["properties"]["rank"]["default"] == 8


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"path": "../secret.ipynb"}, 422, "path_outside"),
        ({"path": "/etc/passwd"}, 422, "path_outside"),
        ({"path": "a\0b.ipynb"}, 422, "invalid_path"),
        ({"path": "missing.ipynb"}, 404, "notebook_not_found"),
        ({}, 422, "invalid_body"),
        ({"path": ["a"]}, 422, "invalid_body"),
    ],
)
async def test_what_is_no_notebook_there_is_refused(api: Api, body: Any, status: int, code: str) -> None:
    answer = await api.post("templates/inspect", body)

    assert (answer.status, answer.json["code"]) == (status, code)
