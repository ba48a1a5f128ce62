"""Values against parameters: what passes unchanged, and what is refused field by field."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from modelops.errors import InvalidInput
from modelops.templates.parameters import parse_parameters
from modelops.templates.schema import json_schema
from modelops.templates.text import parse_text
from modelops.templates.validation import validate

PARAMETERS = parse_parameters("""
text: str = "a"
name: Annotated[str, Field(min_length=2, max_length=8, pattern="^[a-z]+$")] = "abc"
whole: Annotated[int, Field(ge=1, le=10, multiple_of=2)] = 2
number: Annotated[float, Field(gt=0, lt=1)] = 0.5
flag: bool = False
choice: Literal["a", "b", 1, None] = "a"
names: Annotated[list[str], Field(min_length=1, max_length=3)] = ["x"]
numbers: list[float] = []
grid: list[list[int]] = []
perhaps: str | None = None
limit: Annotated[int, Field(ge=0)] | None = None
dataset: Dataset = "chats@3"
token: Secret | None = None
files: list[File] = []
made: Name = "my-model"
""")
REQUIRED = parse_parameters("first: str\nsecond: int\nthird: int = 3")
ONE_MEGABYTE = "x" * 1_000_000


def problems(values: dict[str, Any]) -> dict[str, str]:
    """Field -> code of what is refused."""
    with pytest.raises(InvalidInput) as caught:
        validate(PARAMETERS, values)
    assert caught.value.code == "invalid_parameters"
    return {field["name"]: field["code"] for field in caught.value.details["fields"]}


class TestValidate:
    def test_defaults_complete_the_values_in_the_order_of_the_cell(self) -> None:
        values = validate(PARAMETERS, {"whole": 4, "text": "b"})
        assert list(values) == [parameter.name for parameter in PARAMETERS]
        assert (values["text"], values["whole"], values["dataset"], values["token"]) == ("b", 4, "chats@3", None)

    def test_a_whole_number_is_a_number(self) -> None:
        (value,) = validate(PARAMETERS, {"numbers": [1]})["numbers"]
        assert isinstance(value, float)

    def test_changing_a_returned_list_leaves_the_default_alone(self) -> None:
        validate(PARAMETERS, {})["names"].append("y")
        assert validate(PARAMETERS, {})["names"] == ["x"]

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("text", 1, "wrong_type"),
            ("text", None, "wrong_type"),
            ("text", b"a", "wrong_type"),
            ("text", ONE_MEGABYTE, "too_large"),
            ("text", "\ud800", "not_text"),
            ("name", "a", "too_short"),
            ("name", "abcdefghi", "too_long"),
            ("name", "ABC", "wrong_pattern"),
            ("whole", "4", "wrong_type"),
            ("whole", True, "wrong_type"),
            ("whole", 4.0, "wrong_type"),
            ("whole", 0, "out_of_range"),
            ("whole", 12, "out_of_range"),
            ("whole", 3, "out_of_range"),
            ("whole", 10**400, "out_of_range"),
            ("limit", 2**53, "out_of_range"),
            ("number", "0.5", "wrong_type"),
            ("number", True, "wrong_type"),
            ("number", math.nan, "not_finite"),
            ("number", math.inf, "not_finite"),
            ("number", -math.inf, "not_finite"),
            ("number", 0, "out_of_range"),
            ("number", 1, "out_of_range"),
            ("numbers", [10**400], "wrong_type"),
            ("numbers", [0.1, math.nan], "not_finite"),
            ("flag", 1, "wrong_type"),
            ("flag", "true", "wrong_type"),
            ("choice", "c", "not_a_choice"),
            ("choice", True, "wrong_type"),
            ("choice", 1.0, "wrong_type"),
            ("names", "x", "wrong_type"),
            ("names", ("x",), "wrong_type"),
            ("names", [], "too_short"),
            ("names", ["x"] * 4, "too_long"),
            ("names", ["x", 1], "wrong_type"),
            ("names", [ONE_MEGABYTE], "too_large"),
            ("names", {"x": 1}, "wrong_type"),
            ("grid", [[1], [True]], "wrong_type"),
            ("grid", [[]] * 100_000, "too_large"),
            ("limit", -1, "out_of_range"),
            ("dataset", "../chats", "invalid_reference"),
            ("dataset", "chats@0", "invalid_reference"),
            ("token", "two words", "invalid_secret_name"),
            ("made", "My-Model", "invalid_reference"),
            ("made", "a/b", "invalid_reference"),
            ("made", "", "invalid_reference"),
            ("files", ["a.md", " "], "invalid_reference"),
            ("files", ["a\0.md"], "invalid_reference"),
        ],
    )
    def test_a_value_that_does_not_fit_is_refused_with_its_code(self, field: str, value: Any, code: str) -> None:
        assert problems({field: value}) == {field: code}

    def test_every_problem_is_named_at_once(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            validate(REQUIRED, {"third": "3", "forth": 1})
        assert [(field["name"], field["code"]) for field in caught.value.details["fields"]] == [
            ("forth", "unknown"),
            ("first", "missing"),
            ("second", "missing"),
            ("third", "wrong_type"),
        ]
        assert "third must be a whole number, not the text '3'" in caught.value.message

    def test_an_unknown_name_is_answered_with_the_nearest_one(self) -> None:
        with pytest.raises(InvalidInput, match="did you mean number"):
            validate(PARAMETERS, {"numbr": 0.5})

    def test_the_place_in_a_list_is_named(self) -> None:
        with pytest.raises(InvalidInput, match="names item 2 must be text, not 1"):
            validate(PARAMETERS, {"names": ["x", 1]})

    def test_an_error_stays_small_whatever_was_given(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            validate(PARAMETERS, {"text": ONE_MEGABYTE, ONE_MEGABYTE: 1, **{f"x{i}": i for i in range(10_000)}})
        assert len(json.dumps(caught.value.as_json())) < 30_000

    def test_a_secret_given_by_its_value_is_refused_and_not_repeated(self) -> None:
        pasted = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz"
        with pytest.raises(InvalidInput) as caught:
            validate(PARAMETERS, {"token": pasted})
        assert pasted not in json.dumps(caught.value.as_json())

    @given(st.text())
    def test_text_that_would_be_code_stays_text(self, text: str) -> None:
        assert validate(PARAMETERS, {"text": text})["text"] == text


class TestParseText:
    @pytest.mark.parametrize(
        ("field", "text", "value"),
        [
            ("text", "1;import os", "1;import os"),
            ("text", " 'quoted'\n\\", " 'quoted'\n\\"),
            ("text", "none", "none"),
            ("perhaps", "none", None),
            ("perhaps", "", ""),
            ("whole", "4", 4),
            ("whole", " +4 ", 4),
            ("limit", "1_000", 1000),
            ("limit", "none", None),
            ("number", "1e-3", 0.001),
            ("flag", "true", True),
            ("flag", "False", False),
            ("choice", "b", "b"),
            ("choice", "1", 1),
            ("choice", "none", None),
            ("names", "[a, b c]", ["a", "b c"]),
            ("names", '["a", "b"]', ["a", "b"]),
            ("names", "[no, 1.0, null]", ["no", "1.0", "null"]),
            ("names", "- a\n- b", ["a", "b"]),
            ("numbers", "[1, 2e-1]", [1.0, 0.2]),
            ("numbers", "[]", []),
            ("grid", "[[1, 2], [3]]", [[1, 2], [3]]),
            ("dataset", "chats@production", "chats@production"),
        ],
    )
    def test_the_type_decides_how_text_is_read(self, field: str, text: str, value: Any) -> None:
        assert parse_text(PARAMETERS, {field: text}) == {field: value}

    @pytest.mark.parametrize(
        ("field", "text", "code"),
        [
            ("whole", "", "wrong_type"),
            ("whole", "4.0", "wrong_type"),
            ("whole", "four", "wrong_type"),
            ("whole", "٤", "wrong_type"),
            ("whole", "9" * 5_000, "wrong_type"),
            ("number", "nan", "not_finite"),
            ("number", "-Infinity", "not_finite"),
            ("number", "1e999", "not_finite"),
            ("number", "0,5", "wrong_type"),
            ("flag", "yes", "wrong_type"),
            ("choice", "c", "not_a_choice"),
            ("names", "a, b", "wrong_type"),
            ("names", "{a: b}", "wrong_type"),
            ("names", "[a", "wrong_type"),
            ("names", "[!!python/object/apply:os.getcwd []]", "wrong_type"),
            ("names", "[" * 50_000, "wrong_type"),
            ("numbers", "[one]", "wrong_type"),
            ("text", ONE_MEGABYTE, "too_large"),
            ("numbers", ONE_MEGABYTE, "wrong_type"),
            ("nombre", "1", "unknown"),
        ],
    )
    def test_text_that_is_no_such_value_is_refused(self, field: str, text: str, code: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            parse_text(PARAMETERS, {field: text})
        assert [(problem["name"], problem["code"]) for problem in caught.value.details["fields"]] == [(field, code)]

    @given(st.text())
    def test_text_parameters_keep_any_text_as_it_is(self, text: str) -> None:
        assert validate(PARAMETERS, parse_text(PARAMETERS, {"text": text}))["text"] == text

    @given(st.lists(st.text(), min_size=1, max_size=3))
    def test_a_json_list_of_text_keeps_any_text_as_it_is(self, texts: list[str]) -> None:
        assert parse_text(PARAMETERS, {"names": json.dumps(texts)})["names"] == texts

    @given(st.integers(0, 2**53 - 1), st.floats(0, 1, exclude_min=True, exclude_max=True))
    def test_numbers_survive_being_written(self, whole: int, number: float) -> None:
        values = parse_text(PARAMETERS, {"limit": str(whole), "number": repr(number)})
        assert values == {"limit": whole, "number": number}


class TestSchema:
    SCHEMA = json_schema(PARAMETERS, "Title", "Summary")

    def test_it_is_a_valid_json_schema_that_the_defaults_satisfy(self) -> None:
        Draft202012Validator.check_schema(self.SCHEMA)
        Draft202012Validator(self.SCHEMA).validate(validate(PARAMETERS, {}))

    def test_it_is_json_in_the_order_of_the_cell(self) -> None:
        document = json.loads(json.dumps(self.SCHEMA, allow_nan=False))
        assert list(document["properties"]) == [parameter.name for parameter in PARAMETERS]

    def test_ranges_choices_and_references_are_in_it(self) -> None:
        properties = self.SCHEMA["properties"]
        assert properties["whole"] == {
            "title": "Whole",
            "type": "integer",
            "minimum": 1,
            "maximum": 10,
            "multipleOf": 2,
            "default": 2,
        }
        assert properties["choice"]["enum"] == ["a", "b", 1, None]
        assert properties["dataset"]["x-reference"] == "dataset"
        assert properties["token"]["x-reference"] == "secret"
        assert properties["files"]["x-reference"] == "file"

    def test_groups_descriptions_and_titles_are_in_it(self) -> None:
        schema = json_schema(
            parse_parameters(
                "# --- Size ---\nrank: int = 1  # How many\n"
                'lora_alpha: Annotated[int, Field(title="Alpha", description="d")] = 1'
            ),
            "Title",
            "Summary",
        )
        assert schema["x-groups"] == ["Size"]
        assert schema["properties"]["rank"] == {
            "title": "Rank",
            "description": "How many",
            "type": "integer",
            "default": 1,
            "x-group": "Size",
        }
        alpha = schema["properties"]["lora_alpha"]
        assert (alpha["title"], alpha["description"]) == ("Alpha", "d")

    @pytest.mark.parametrize("values", [{"first": "a"}, {"first": 1, "second": 1}, {"first": "", "second": 1, "x": 1}])
    def test_it_refuses_what_validate_refuses(self, values: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            validate(REQUIRED, values)
        assert not Draft202012Validator(json_schema(REQUIRED, "", "")).is_valid(values)
