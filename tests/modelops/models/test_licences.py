"""A model's licence is found where it is stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.models.licences import canonical_licence, find_licence


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        ("apache-2.0", "Apache-2.0"),
        ("MIT", "MIT"),
        ("mit or apache-2.0", "MIT OR Apache-2.0"),
        ("llama3.2", "llama3.2"),
        ("Apache Software License\nlong text", "Apache Software License"),
        ("UNKNOWN", None),
        ("", None),
        (None, None),
        (["mit"], None),
    ],
)
def test_a_licence_is_spelt_as_spdx_does_where_it_can_be(stated: object, licence: str | None) -> None:
    assert canonical_licence(stated) == licence


def test_the_model_card_is_asked_first(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: apache-2.0\ntags: [x]\n---\n# A model\n")
    (tmp_path / "LICENSE").write_text("MIT License\n")
    assert find_licence(tmp_path) == "Apache-2.0"


def test_the_licence_text_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("                                 Apache License\n  Version 2.0, January 2004\n")
    assert find_licence(tmp_path) == "Apache-2.0"


@pytest.mark.parametrize(
    "card", ["# No front matter\n---\nlicense: mit\n---\n", "---\n: [\n---\n", "---\n- a\n---\n", "---\n"]
)
def test_a_card_that_does_not_say_leaves_it_open(tmp_path: Path, card: str) -> None:
    (tmp_path / "README.md").write_text(card)
    assert find_licence(tmp_path) is None
