"""What an engine is given, read strictly."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops_server.endpoints.engines.assignment import AdapterFolder, Assignment

WHOLE: dict[str, Any] = {
    "model": "/model",
    "name": "bot",
    "socket": "/run/engine.sock",
    "key": "secret",
    "context": 2048,
    "parallel": 4,
    "threads": 2,
    "adapters": [{"name": "docs", "folder": "/adapter"}],
    "default_adapter": "docs",
}


def read(document: Any) -> Assignment:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Assignment.read(io.BytesIO(content + b"\nwhat follows is not read"))


def test_an_assignment_is_one_line() -> None:
    assert read(WHOLE) == Assignment(
        "/model", "bot", "/run/engine.sock", "secret", 2048, 4, 2, (AdapterFolder("docs", "/adapter"),), "docs"
    )


def test_what_the_model_was_made_for_is_the_context_where_none_is_given() -> None:
    assert read(WHOLE | {"context": None}).context is None


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"parallel": 0}, "parallel"),
        ({"threads": "2"}, "threads"),
        ({"context": 0}, "context"),
        ({"key": ""}, "key"),
        ({"model": None}, "model"),
        ({"surprise": 1}, "surprise"),
        ({"adapters": [{"name": "docs"}]}, "adapters.0.folder"),
        ({"adapters": WHOLE["adapters"] * 2}, "same name"),
        ({"default_adapter": "other"}, "other"),
    ],
)
def test_a_wrong_field_is_named(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read(WHOLE | wrong)

    assert refusal.value.code == "invalid_assignment"
    assert named in refusal.value.message


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"model": "/model"}'])
def test_half_an_assignment_is_none(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="cannot be used"):
        read(content)
