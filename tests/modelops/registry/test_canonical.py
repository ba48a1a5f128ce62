"""One value has one signed form, and is read back without leniency."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelops.errors import InvalidInput
from modelops.registry.canonical import DuplicateKey, canonical, parse_strictly, signable

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(JSON)
def test_any_json_value_can_be_signed_and_reads_back_as_what_was_signed(value: Any) -> None:
    signed = signable(value)
    assert parse_strictly(canonical(signed)) == signed
    assert signable(signed) == signed


@pytest.mark.parametrize(
    ("value", "signed"),
    [
        (0.1, "0.1"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (2**53, str(2**53)),
        (2**53 - 1, 2**53 - 1),
        (True, True),
        ((1, 2), [1, 2]),
        (
            {"seed": 7, "data_seed": 7, "seeds": 7, "seed_text": "7"},
            {"seed": "7", "data_seed": "7", "seeds": 7, "seed_text": "7"},
        ),
    ],
)
def test_what_readers_of_json_disagree_on_is_text(value: object, signed: object) -> None:
    assert signable(value) == signed


@pytest.mark.parametrize("value", [object(), {1: 2}, b"bytes", {"a": {1, 2}}, "\udfff", {"\ud800": 1}])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        signable(value)
    assert caught.value.code == "not_json"


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InvalidInput):
        signable(endless)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "-Infinity", "{", "", '{"a":1}x', "\ufeff{}"])
def test_what_json_does_not_have_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_strictly(text.encode())


def test_a_duplicate_key_is_found_at_any_depth() -> None:
    with pytest.raises(DuplicateKey):
        parse_strictly(b'{"a":[{"b":1,"b":1}]}')
    assert json.loads('{"a":[{"b":1,"b":2}]}') == {"a": [{"b": 2}]}, "the standard parser would not notice"
