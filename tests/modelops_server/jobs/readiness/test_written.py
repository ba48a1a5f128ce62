"""A job written as a command line and as Python, and read back."""

from __future__ import annotations

import ast
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelops.templates import Template, load_template
from modelops_server.cli.run import run as command_line
from modelops_server.jobs import JobOptions
from modelops_server.jobs.readiness import Asked
from modelops_server.jobs.readiness.written import as_command, as_python

PARAMETERS = """\
from typing import Annotated, Literal
from pydantic import Field
text: str = "a"
maybe: str | None = None
number: float = 0.5
count: int = 3
flag: bool = False
choice: Literal["one", "two", "none"] = "one"
names: list[str] = ["x"]
rates: list[float] = [0.1]
ceiling: Annotated[int, Field(ge=1)] | None = None
"""

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
finite = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "text": texts,
        "maybe": st.none() | texts | st.just("none"),
        "number": finite,
        "count": st.integers(-(2**53) + 1, 2**53 - 1),
        "flag": st.booleans(),
        "choice": st.sampled_from(["one", "two", "none"]),
        "names": st.lists(texts, max_size=3),
        "rates": st.lists(finite, max_size=3),
        "ceiling": st.none() | st.integers(1, 99),
    },
)


@pytest.fixture
def template(notebook: Callable[..., Path]) -> Template:
    return load_template(notebook("1", parameters=PARAMETERS))


def _read(template: Template, command: str) -> dict[str, Any]:
    """The values that ``modelops run`` would submit for a command."""
    values: dict[str, Any] = {}
    words = shlex.split(command)
    if words[0] == "printf":  # printf %s CONTENT > params.json && modelops run …
        values = json.loads(words[2])
        assert words[3:6] == [">", "params.json", "&&"]
        assert words[-2:] == ["-f", "params.json"]
        words = words[6:-2]
    run = command_line.make_context("run", words[2:])
    assert run.params["template"] == template.name
    texts = dict(assignment.split("=", 1) for assignment in run.params["assignments"])
    return {**values, **template.parse_text(texts)}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES)
def test_a_command_submits_the_same_parameters(template: Template, values: dict[str, Any]) -> None:
    read = _read(template, as_command(Asked(template, values)))

    assert template.validate(read) == template.validate(values)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES)
def test_python_submits_the_same_parameters(template: Template, values: dict[str, Any]) -> None:
    call = ast.parse(as_python(Asked(template, values))).body[-1].value  # type: ignore[attr-defined]

    arguments = [ast.literal_eval(argument) for argument in call.args]
    assert arguments[0] == template.name
    assert template.validate(arguments[1] if len(arguments) > 1 else {}) == template.validate(values)


def test_defaults_are_not_written(template: Template) -> None:
    same = Asked(template, {"text": "a", "names": ["x"], "ceiling": None})

    assert as_command(same) == "modelops run notebook"
    assert as_python(same).endswith("job = client.run('notebook')\n")


def test_text_that_would_be_code_stays_text(template: Template) -> None:
    command = as_command(Asked(template, {"text": "$(rm -rf ~); `id` 'quoted'\nnext"}))

    assert _read(template, command) == {"text": "$(rm -rf ~); `id` 'quoted'\nnext"}


OPTIONS = Asked(
    template=None,  # type: ignore[arg-type]
    parameters={},
    name="my run",
    kernel="other",
    options=JobOptions(memory=8 * 10**9, timeout=7200.5, cell_timeout=1e-3, retries=0),
    priority=-3,
    resources={"cpus": 1.5, "gpus": 0, "memory": None},
    after=("sft-1", "sft-2"),
    written_as="folder/my notebook.ipynb",
)


def test_options_are_read_back_from_the_command(template: Template) -> None:
    asked = Asked(template, **{name: value for name, value in vars(OPTIONS).items() if name != "template"})

    words = shlex.split(as_command(asked))
    read = command_line.make_context("run", words[2:]).params

    assert (read["template"], read["name"], read["kernel"]) == ("folder/my notebook.ipynb", "my run", "other")
    assert (read["memory"], read["timeout"], read["cell_timeout"]) == (8e9, 7200.5, 1e-3)
    assert (read["cpus"], read["gpus"], read["retries"], read["priority"]) == (1.5, 0, 0, -3)
    assert read["after"] == ("sft-1", "sft-2")


def test_options_are_read_back_from_python_as_a_submission_has_them(template: Template) -> None:
    asked = Asked(template, **{name: value for name, value in vars(OPTIONS).items() if name != "template"})

    call = ast.parse(as_python(asked)).body[-1].value  # type: ignore[attr-defined]

    assert ast.literal_eval(call.args[0]) == "folder/my notebook.ipynb"
    assert {item.arg: ast.literal_eval(item.value) for item in call.keywords} == {
        "name": "my run",
        "kernel": "other",
        "priority": -3,
        "after": ["sft-1", "sft-2"],
        "resources": {"cpus": 1.5, "gpus": 0},
        "options": {"memory": 8 * 10**9, "timeout": 7200.5, "cell_timeout": 1e-3, "retries": 0},
    }
