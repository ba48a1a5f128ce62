"""``modelops templates``: what it prints for a person and for a program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from modelops.paths import StateHome
from modelops_server.cli.main import main

CELL = """
dataset: Dataset  # What to learn
note = "[bold]plain[/bold]"
# --- LoRA ---
rank: Annotated[int, Field(ge=1, le=1024)] = 16  # Rank of the update matrices
"""


def modelops(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as ended:
        main(["templates", *arguments])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


@pytest.fixture(autouse=True)
def users_templates(home: StateHome) -> Path:
    """Two notebooks of the user: one whole, one broken."""
    home.templates.mkdir(parents=True)
    for name, source in (("zz-adapt", CELL), ("zz-broken", "x = f()")):
        cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
        block: dict[str, Any] = {"title": "Adapt a model", "kind": "train", "produces": ["adapter"]}
        nbformat.write(
            nbformat.v4.new_notebook(cells=[cell], metadata={"modelops": block}), home.templates / f"{name}.ipynb"
        )
    return home.templates


def test_list_names_every_notebook_and_says_what_is_wrong_with_a_broken_one(
    capsys: pytest.CaptureFixture[str], users_templates: Path
) -> None:
    status, out, _ = modelops(capsys, "list")
    assert status == 0
    assert "zz-adapt" in out
    assert "zz-broken cannot be run: zz-broken.ipynb: Line 1 of the parameters cell: 'f()'" in out


def test_list_as_json_carries_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = modelops(capsys, "list", "--json")
    entries = {entry["name"]: entry for entry in json.loads(out)}
    assert (entries["zz-adapt"]["kind"], entries["zz-adapt"]["error"]) == ("train", None)
    assert entries["zz-broken"]["error"]["problems"][0]["line"] == 1


def test_show_prints_each_parameter_in_its_group_and_the_command_to_run_it(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = modelops(capsys, "show", "zz-adapt")
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    assert ["dataset", "dataset", "required", "What", "to", "learn"] in lines
    assert lines.index(["LoRA"]) < next(
        i for i, line in enumerate(lines) if line[:5] == ["rank", "whole", "number", "1", "to"]
    )
    assert "[bold]plain[/bold]" in out
    assert "Run it: modelops run zz-adapt -p dataset=DATASET" in out


def test_show_as_json_has_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = modelops(capsys, "show", "zz-adapt", "--json")
    assert list(json.loads(out)["schema"]["properties"]) == ["dataset", "note", "rank"]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_schema_prints_the_json_schema(capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    _, out, _ = modelops(capsys, "schema", "zz-adapt", *options)
    schema = json.loads(out)
    assert schema["required"] == ["dataset"]
    assert schema["properties"]["rank"]["maximum"] == 1024


def test_a_notebook_is_shown_by_its_path(capsys: pytest.CaptureFixture[str], users_templates: Path) -> None:
    path = str(users_templates / "zz-adapt.ipynb")
    status, out, _ = modelops(capsys, "show", path)
    assert status == 0
    assert f"modelops run {path}" in out.replace("\n", "")


@pytest.mark.parametrize(
    ("name", "code"), [("zz-adopt", "template_not_found"), ("zz-broken", "invalid_parameters_cell")]
)
def test_a_name_that_cannot_be_shown_is_one_clear_error(
    capsys: pytest.CaptureFixture[str], name: str, code: str
) -> None:
    status, out, err = modelops(capsys, "show", name)
    assert (status, out) == (2, "")
    assert code in err
    assert "Traceback" not in err
