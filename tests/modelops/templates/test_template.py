"""A notebook file as a template: its metadata, its name, and notebooks that are none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from modelops.errors import InvalidInput, NotFound
from modelops.templates import load_template

WriteNotebook = Callable[..., Path]


def test_a_notebook_without_a_parameters_cell_is_a_template_without_parameters(write_notebook: WriteNotebook) -> None:
    template = load_template(write_notebook())
    assert (template.kind, template.parameters, template.validate({})) == ("notebook", (), {})


def test_a_plain_notebook_with_a_parameters_cell_gets_a_form(write_notebook: WriteNotebook) -> None:
    template = load_template(write_notebook("x = 5"))
    assert template.validate({"x": 6}) == {"x": 6}
    assert template.parse_text({"x": "7"}) == {"x": 7}
    assert template.json_schema()["properties"] == {"x": {"title": "X", "type": "integer", "default": 5}}


def test_without_a_title_the_first_heading_or_the_file_name_is_the_title(write_notebook: WriteNotebook) -> None:
    assert load_template(write_notebook()).title == "Train a model"
    assert load_template(write_notebook(block={"title": "Merge"})).title == "Merge"


def test_the_digest_is_that_of_the_file(write_notebook: WriteNotebook) -> None:
    path = write_notebook("x = 5")
    assert load_template(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_block_says_what_the_template_is(write_notebook: WriteNotebook) -> None:
    block = {
        "title": "Merge",
        "kind": "merge",
        "summary": "Merges an adapter.",
        "produces": ["model"],
        "requires": ["torch", "peft"],
        "resources": {"cpus": 2, "gpus": 1, "memory": "6 GB"},
        "resumable": True,
    }
    template = load_template(write_notebook(block=block))
    document = template.as_json()
    assert {key: document[key] for key in block} == {
        **block,
        "resources": {"cpus": 2, "gpus": 1, "memory": 6_000_000_000},
    }
    assert template.produces == ("model",)


@pytest.mark.parametrize(
    ("written", "size"),
    [("6 GB", 6 * 10**9), ("6Gi", 6 * 2**30), ("1.5 GiB", 1_610_612_736), ("500M", 5 * 10**8), (7, 7)],
)
def test_memory_is_bytes_or_text_with_a_unit(write_notebook: WriteNotebook, written: Any, size: int) -> None:
    assert load_template(write_notebook(block={"resources": {"memory": written}})).resources == {"memory": size}


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ([], "modelops"),
        ({"titel": "x"}, "titel"),
        ({"title": 1}, "title"),
        ({"kind": "Not A Kind"}, "kind"),
        ({"produces": ["weights"]}, "produces.0"),
        ({"produces": "adapter"}, "produces"),
        ({"requires": ["os; rm"]}, "requires.0"),
        ({"resumable": "yes"}, "resumable"),
        ({"resources": {"gpu": 1}}, "resources.gpu"),
        ({"resources": {"gpus": -1}}, "resources.gpus"),
        ({"resources": {"memory": "lots"}}, "resources.memory"),
    ],
)
def test_a_wrong_block_is_refused_field_by_field(write_notebook: WriteNotebook, block: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_template(write_notebook(block=block))
    assert caught.value.code == "invalid_template_metadata"
    assert [problem["field"] for problem in caught.value.details["problems"]] == [field]
    assert "train.ipynb" in caught.value.message


def test_the_environment_may_depend_on_what_a_parameter_is(write_notebook: WriteNotebook) -> None:
    block = {"environment": "plain", "environments": {"compiled": {"types": ["q4_k_m"], "fast": [True]}}}
    template = load_template(write_notebook("types: list[str] = ['q8_0']\nfast: bool = False", block=block))

    def chosen(**values: Any) -> str | None:
        return template.environment_for(template.validate(values))

    assert (chosen(), chosen(types=["f16", "q4_k_m"]), chosen(fast=True)) == ("plain", "compiled", "compiled")


def test_the_environment_may_depend_on_whether_a_parameter_is_given(write_notebook: WriteNotebook) -> None:
    block = {"environments": {"harness": {"tasks": ["*"], "folder": ["*"]}}}
    template = load_template(write_notebook("tasks: list[str] = []\nfolder: str | None = None", block=block))

    def chosen(**values: Any) -> str | None:
        return template.environment_for(template.validate(values))

    assert (chosen(), chosen(tasks=[]), chosen(folder="")) == (None, None, None)
    assert (chosen(tasks=["arc_easy"]), chosen(folder="mine")) == ("harness", "harness")


def test_an_environment_that_depends_on_no_parameter_is_refused(write_notebook: WriteNotebook) -> None:
    with pytest.raises(InvalidInput, match="'compiled' depends on typez") as caught:
        load_template(write_notebook("types = 1", block={"environments": {"compiled": {"typez": [1]}}}))
    assert caught.value.code == "invalid_template_metadata"


def test_presets_are_values_of_the_parameters(write_notebook: WriteNotebook) -> None:
    path = write_notebook("data: str\nrate: float = 0.1\nsteps = 5", block={"presets": {"Quick": {"rate": 1}}})
    assert load_template(path).as_json()["presets"] == {"Quick": {"rate": 1.0}}


@pytest.mark.parametrize(
    ("preset", "field"),
    [({"stepz": 1}, "presets.Quick.stepz"), ({"steps": "many"}, "presets.Quick.steps")],
)
def test_a_preset_that_the_form_would_refuse_is_refused(write_notebook: WriteNotebook, preset: Any, field: str) -> None:
    with pytest.raises(InvalidInput, match="preset 'Quick' is not valid: step") as caught:
        load_template(write_notebook("steps = 5", block={"presets": {"Quick": preset}}))
    assert caught.value.code == "invalid_template_metadata"
    assert [problem["field"] for problem in caught.value.details["problems"]] == [field]


def test_a_wrong_cell_names_the_notebook_and_the_line(write_notebook: WriteNotebook) -> None:
    path = write_notebook("import os\nx = os.getcwd()")
    with pytest.raises(InvalidInput, match=r"train\.ipynb: Line 2 of the parameters cell: 'os\.getcwd\(\)'") as caught:
        load_template(path)
    assert caught.value.details["notebook"] == str(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a JSON document"),
        (b"\xff\xfe", "is not a JSON document"),
        (b"[" * 100_000, "is not a JSON document"),
        (b"[]", "is not a notebook"),
        (b'{"nbformat": 3, "worksheets": []}', "is not a notebook"),
        (b'{"nbformat": 4}', "has no list of cells"),
        (b'{"nbformat": 4, "cells": [1]}', "has no list of cells"),
        (
            b'{"nbformat": 4, "cells": [{"cell_type": "raw", "metadata": {"tags": ["parameters"]}, "source": ""}]}',
            "no code cell",
        ),
        (
            b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": 1}]}',
            "source is not text",
        ),
    ],
)
def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=reason) as caught:
        load_template(path)
    assert caught.value.code == "invalid_notebook"


def test_two_parameters_cells_are_refused(write_notebook: WriteNotebook) -> None:
    path = write_notebook("x = 1")
    notebook = json.loads(path.read_text())
    notebook["cells"].append(notebook["cells"][1])
    path.write_text(json.dumps(notebook))
    with pytest.raises(InvalidInput, match="has 2 cells tagged 'parameters'"):
        load_template(path)


def test_a_parameters_cell_in_another_language_is_refused(write_notebook: WriteNotebook) -> None:
    path = write_notebook("x <- 5", metadata={"kernelspec": {"name": "ir", "language": "R"}})
    with pytest.raises(InvalidInput, match="a parameters cell in r; only Python's"):
        load_template(path)


@pytest.mark.parametrize("name", ["nothing.ipynb", "folder.ipynb", "nul\0.ipynb", "x" * 300])
def test_a_path_without_a_notebook_is_not_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.ipynb").mkdir()
    with pytest.raises(NotFound):
        load_template(tmp_path / name)


@pytest.mark.parametrize(
    ("file", "name"), [("sft.ipynb", "sft"), ("My Notebook (2).ipynb", "my-notebook-2"), ("日本.ipynb", "notebook")]
)
def test_the_name_is_the_file_name_in_the_form_that_names_have(
    write_notebook: WriteNotebook, file: str, name: str
) -> None:
    assert load_template(write_notebook(name=file)).name == name


def test_what_nbformat_writes_is_read_as_it_stands(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell('rank: int = 8\nname = "é"', metadata={"tags": ["parameters"]})]
    )
    nbformat.write(notebook, tmp_path / "x.ipynb")
    assert load_template(tmp_path / "x.ipynb").validate({}) == {"rank": 8, "name": "é"}
