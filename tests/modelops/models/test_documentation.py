"""docs/models.md names every reason for which a model is refused."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROOM = ROOT / "kernels_helpers" / "modelops" / "models"
ELSEWHERE = {"disk_full", "name_taken"}  # reasons of the machine and the registry, not of a model


def codes() -> set[str]:
    """The codes of errors raised in the room: first or second argument of what makes them."""
    makers = {"InvalidInput", "NotFound", "Unavailable", "Conflict", "_defect", "_invalid", "_refused"}
    return {
        argument.value
        for module in ROOM.glob("*.py")
        for call in ast.walk(ast.parse(module.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in makers
        for argument in call.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and " " not in argument.value
    }


def test_every_code_is_documented() -> None:
    documented = (ROOT / "docs" / "models.md").read_text()
    assert len(codes()) > 25
    assert {code for code in codes() - ELSEWHERE if f"`{code}`" not in documented} == set()
