"""Endpoints of what has no golden prompts say why nothing is compared."""

from __future__ import annotations

from typing import Any

import pytest
from tiny_endpoint import register_gguf


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"probe": None}, "added without a probe"),
        ({"method": "qlora"}, "trained on a 4-bit model"),
        ({}, "Nothing to compare with: evaluate it first"),
    ],
)
def test_the_reason_is_said_with_what_helps(served: Any, metadata: dict[str, Any], said: str) -> None:
    register_gguf(served.home, served.gguf, **metadata)

    [parity] = served.start(parity="refuse").status.parity

    assert parity["agrees"] is None
    assert said in parity["sentence"]
    assert "evaluate it first (modelops run evaluate -p model=tiny@1)" in parity["sentence"]
