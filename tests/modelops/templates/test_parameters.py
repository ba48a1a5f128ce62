"""A parameters cell read as a form: what it may say, and what is refused with its line."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelops.errors import InvalidInput
from modelops.templates.parameter import Parameter
from modelops.templates.parameters import parse_parameters
from modelops.templates.schema import describe_type

CELL = '''"""What the form asks."""
from typing import Annotated, Literal

from modelops.templates import Dataset, Model, Secret
from pydantic import Field

base_model: Model = "smollm2"  # Model to adapt
dataset: Dataset  # What to learn
method: Literal["lora", "qlora", "full"] = "lora"
# --- LoRA ---
rank: Annotated[int, Field(ge=1, le=1024)] = 16  # Rank of the update matrices
dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
target_modules: list[str] = [
    "q_proj",
    "v_proj",
]  # Layers that are adapted
# --- Run ---
# Where the random numbers start;
# the same seed gives the same run.
seed = -3
warm = True
rate: float = 1
token: Secret | None = None
'''


def parse(source: str) -> dict[str, Parameter]:
    return {parameter.name: parameter for parameter in parse_parameters(source)}


def refusal(source: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse_parameters(source)
    assert caught.value.code == "invalid_parameters_cell"
    return caught.value


class TestWhatACellSays:
    def test_parameters_keep_the_order_of_the_cell(self) -> None:
        assert list(parse(CELL)) == [
            *("base_model", "dataset", "method", "rank", "dropout", "target_modules", "seed", "warm", "rate", "token")
        ]

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("base_model", "model"),
            ("method", "lora | qlora | full"),
            ("rank", "whole number 1 to 1024"),
            ("dropout", "number ≥ 0 and < 1, or none"),
            ("target_modules", "list of text"),
            ("seed", "whole number"),
            ("warm", "true | false"),
            ("rate", "number"),
            ("token", "name of a secret, or none"),
        ],
    )
    def test_the_annotation_or_else_the_default_gives_the_type(self, name: str, words: str) -> None:
        assert describe_type(parse(CELL)[name]) == words

    def test_the_comment_beside_a_parameter_describes_it(self) -> None:
        parameters = parse(CELL)
        assert parameters["rank"].description == "Rank of the update matrices"
        assert parameters["target_modules"].description == "Layers that are adapted"

    def test_without_one_the_comment_lines_above_describe_it(self) -> None:
        assert parse(CELL)["seed"].description == "Where the random numbers start; the same seed gives the same run."

    def test_a_comment_between_dashes_begins_a_group(self) -> None:
        groups = {name: parameter.group for name, parameter in parse(CELL).items()}
        assert (groups["method"], groups["rank"], groups["target_modules"]) == (None, "LoRA", "LoRA")
        assert groups["seed"] == groups["token"] == "Run"

    def test_a_parameter_without_default_is_required(self) -> None:
        assert [name for name, parameter in parse(CELL).items() if parameter.required] == ["dataset"]

    def test_defaults_are_literals_as_their_type_holds_them(self) -> None:
        parameters = parse(CELL)
        assert parameters["seed"].default == -3
        assert parameters["target_modules"].default == ["q_proj", "v_proj"]
        assert isinstance(parameters["rate"].default, float)

    def test_reference_types_say_what_they_name(self) -> None:
        references = {name: parameter.reference for name, parameter in parse(CELL).items() if parameter.reference}
        assert references == {"base_model": "Model", "dataset": "Dataset", "token": "Secret"}

    def test_a_hash_inside_text_is_no_comment(self) -> None:
        parameter = parse('colour = "#ff0000"')["colour"]
        assert (parameter.default, parameter.description) == ("#ff0000", "")

    def test_annotations_may_be_qualified_and_written_in_the_older_way(self) -> None:
        parameters = parse("a: typing.Optional[int] = None\nb: List[str] = ['x']")
        assert describe_type(parameters["a"]) == "whole number, or none"
        assert describe_type(parameters["b"]) == "list of text"

    def test_files_are_the_references_of_which_there_are_lists(self) -> None:
        parameter = parse("documents: list[File] = []")["documents"]
        assert (parameter.reference, describe_type(parameter)) == ("File", "list of file or folder")

    def test_an_empty_cell_has_no_parameters(self) -> None:
        assert parse("") == {}

    def test_the_cell_runs_in_a_kernel_as_it_stands(self) -> None:
        subprocess.run([sys.executable, "-c", CELL], check=True)

    def test_importing_the_reference_types_loads_nothing_heavy(self) -> None:
        program = (
            "import sys; from modelops.templates import Dataset, Model, Adapter, Index, Secret; "
            "sys.exit(bool({'pydantic', 'yaml', 'nbformat', 'torch'} & set(sys.modules)))"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("source", "line", "reason"),
        [
            ("import os\nfolder = os.getcwd()", 2, "'os.getcwd()' is not a literal value"),
            ('x = 1\nprint("hello")', 2, "not an assignment"),
            ("x = 1\nfor i in range(3):\n    x = i", 2, "not an assignment"),
            ("a = b = 1", 1, "not an assignment to one name"),
            ("a, b = 1, 2", 1, "not an assignment to one name"),
            ("x = 1\nx += 1", 2, "not an assignment"),
            ("x.y = 1", 1, "not an assignment to one name"),
            ("x: int = 1\n\nx: int = 2", 3, "'x' is already a parameter in line 1"),
            ("_x = 1", 1, "cannot name a parameter"),
            ("match = 1", 1, "cannot name a parameter"),
            ("int = 1", 1, "annotations use that name"),
            ("x: dict = {}", 1, "'dict' is not one of"),
            ("x: tuple[int, int] = (1, 2)", 1, "is not one of"),
            ('x: "int" = 1', 1, "is not one of"),
            ("x: __import__('os').system('true') = 1", 1, "is not one of"),
            ("x: list = []", 1, "must say of what"),
            ("x: list[Model] = []", 1, "a list of artifacts"),
            ("x: int | str = 1", 1, "mixes types"),
            ("x: Literal[1.5] = 1.5", 1, "Literal[...] takes"),
            ("x: Literal[1, '1'] = 1", 1, "read the same"),
            ("x: Annotated[int, print('x')] = 1", 1, "is not Field(...)"),
            ("x: Annotated[int, Field(1)] = 1", 1, "keywords only"),
            ("x: Annotated[int, Field(default_factory=exit)] = 1", 1, "does not apply here"),
            ("x: Annotated[int, Field(**bounds)] = 1", 1, "does not apply here"),
            ("x: Annotated[int, Field(ge=limit())] = 1", 1, "'limit()' is not a literal value"),
            ("x: Annotated[int, Field(ge='a')] = 1", 1, "is not usable"),
            ("x: Annotated[str, Field(ge=1)] = 'a'", 1, "does not apply here"),
            ("x: Annotated[str, Field(pattern='(')] = 'a'", 1, "not usable"),
            ("x: Annotated[int, Field(ge=5)] = 1", 1, "the default of 'x' must be at least 5, not 1"),
            ("x: int = 2.5", 1, "the default of 'x' must be a whole number"),
            ("x: bool = 1", 1, "the default of 'x' must be true or false"),
            ("x: Model = 'Not A Name'", 1, "not a valid artifact name"),
            ("x = 1e999", 1, "must be a finite number"),
            ("x = None", 1, "the type of 'None' cannot be told"),
            ("x = []", 1, "the type of '[]' cannot be told"),
            ("x = {'a': 1}", 1, "cannot be told"),
            ("x = 1 + 2j", 1, "cannot be told"),
            ("x = f'{1}'", 1, "is not a literal value"),
            ("x = [1, 'a']", 1, "cannot be told"),
            ("%matplotlib inline\nx = 1", 1, "is an IPython command"),
            ("x = (1", 1, "is not valid Python"),
            ("x = 1\0", 1, "the cell is not valid Python (source code string cannot contain null bytes)"),
        ],
    )
    def test_it_is_refused_with_its_line_and_the_reason(self, source: str, line: int, reason: str) -> None:
        error = refusal(source)
        assert error.details["problems"][0]["line"] == line
        assert reason in error.details["problems"][0]["message"]
        assert f"Line {line}" in error.message

    def test_every_line_that_cannot_be_read_is_named(self) -> None:
        error = refusal("a = f()\nb = 1\nc: set = {1}\nd = None")
        assert [problem["line"] for problem in error.details["problems"]] == [1, 3, 4]

    @pytest.mark.parametrize(
        "source", ["x = " + "-" * 100_000 + "1", "x = " + "(" * 5_000 + ")" * 5_000, "x" * 300_000]
    )
    def test_source_that_is_made_to_exhaust_the_parser_is_refused(self, source: str) -> None:
        refusal(source)


class TestNothingIsExecuted:
    @pytest.mark.parametrize(
        "statement",
        [
            "open({path!r}, 'w')",
            "x = open({path!r}, 'w')",
            "x: open({path!r}, 'w') = 1",
            "x: Literal[open({path!r}, 'w')] = 1",
            "x: Annotated[int, open({path!r}, 'w')] = 1",
            "x: Annotated[int, Field(ge=open({path!r}, 'w').fileno())] = 1",
            "x = [open({path!r}, 'w')]",
            "x = f'{{open({path!r}, 'w')}}'",
            "class X:\n    open({path!r}, 'w')",
            "@open\ndef f(y=open({path!r}, 'w')): ...",
        ],
    )
    def test_a_cell_with_a_side_effect_is_refused_and_has_none(self, statement: str, tmp_path: Path) -> None:
        mark = tmp_path / "executed"
        refusal(statement.format(path=str(mark)))
        assert not mark.exists()

    def test_an_import_in_the_cell_is_not_carried_out(self) -> None:
        parse_parameters("import antigravity\nx = 1")
        assert "antigravity" not in sys.modules

    @given(st.text(max_size=200))
    def test_any_source_is_read_or_refused_and_never_breaks_the_reader(self, source: str) -> None:
        with suppress(InvalidInput):
            assert isinstance(parse_parameters(source), tuple)

    @given(st.text(max_size=200))
    def test_any_text_can_be_a_default(self, text: str) -> None:
        try:
            text.encode()
        except UnicodeEncodeError:
            return
        assert parse(f"x = {text!r}")["x"].default == text
