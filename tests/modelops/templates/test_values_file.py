"""Values of parameters from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops.templates import read_values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("rank: 8\nmethod: lora\n", {"rank": 8, "method": "lora"}),
        ('{"rank": 8, "names": ["a", "b"], "alpha": null}', {"rank": 8, "names": ["a", "b"], "alpha": None}),
        ("rate: 1e-3\nother: 2.5E+4\nthird: -3e2", {"rate": 0.001, "other": 25000.0, "third": -300.0}),
        ("revision: 1e3f\nword: '1e3'", {"revision": "1e3f", "word": "1e3"}),
        ("{}", {}),
    ],
)
def test_yaml_and_json_are_read_with_their_types(tmp_path: Path, text: str, values: dict[str, Any]) -> None:
    (tmp_path / "params.yaml").write_text(text)
    assert read_values(tmp_path / "params.yaml") == values


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "does not map"),
        (b"- a", "does not map"),
        (b"1: a", "does not map"),
        (b"a: [", "is not a YAML or JSON document"),
        (b"a: \xff", "is not a YAML or JSON document"),
        (b"[" * 100_000, "is not a YAML or JSON document"),
        (b"a: 1\na: 2", "'a' is given twice"),
        (b"a: !!python/object/apply:os.getcwd []", "is not a YAML or JSON document"),
        (b"a: " + b"x" * 1_000_000, "has more than 1,000,000 bytes"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(InvalidInput, match=reason) as caught:
        read_values(tmp_path / "params.yaml")
    assert caught.value.code == "invalid_values_file"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"params\.yaml cannot be read: No such file"):
        read_values(tmp_path / "params.yaml")
